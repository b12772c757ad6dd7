// Options that every command understands, and the help that teaches them.
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { parse } from 'yaml'
import { durationMs } from '#config'
import { type CommandIo, UsageError } from './io.ts'

export const locationOptions = {
  data: { type: 'string' },
  config: { type: 'string' },
} as const

export const formatOption = { format: { type: 'string', default: 'text' } } as const
export const helpOption = { help: { type: 'boolean', short: 'h', default: false } } as const

export const locationHelp = `  --data DIR       the data folder (default: ./.holdfast)
  --config FILE    take the data folder from this holdfast.yaml instead`

/**
 * parseArgs that answers wrong usage with a UsageError naming the command.
 *
 * @param mostPositionals  how many words that are no options the command takes
 * @throws UsageError for an unknown option, a missing value or a word too many
 */
export function parseOptions<const T extends ParseArgsOptionsConfig>(
  command: string,
  args: string[],
  options: T,
  mostPositionals: number,
) {
  const parsed = parseStrictly(command, args, options)
  const surplus = parsed.positionals[mostPositionals]
  if (surplus !== undefined) throw wrongUsage(command, `unexpected '${surplus}'`)
  return parsed
}

function parseStrictly<const T extends ParseArgsOptionsConfig>(command: string, args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    throw wrongUsage(command, error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error))
  }
}

function wrongUsage(command: string, reason: string): UsageError {
  return new UsageError(`${reason}; see 'holdfast ${command} --help'`)
}

/**
 * The data folder that a command works on: `--data`, else the `data:` key of `--config`, else `./.holdfast`.
 * Only that one key is read, so that a log can be verified on a machine where the secrets of the
 * configuration cannot be resolved.
 */
export function dataFolder(values: { data?: string | undefined; config?: string | undefined }, io: CommandIo): string {
  if (values.data !== undefined && values.config !== undefined)
    throw new UsageError('give --data or --config, not both')
  if (values.config === undefined) return resolve(io.cwd, values.data ?? '.holdfast')
  const file = resolve(io.cwd, values.config)
  return resolve(file, '..', dataKeyOf(file))
}

/** True when the user asked for JSON. */
export function wantsJson(format: string | undefined): boolean {
  if (format === 'json') return true
  if (format === 'text') return false
  throw new UsageError(`--format takes text or json, not '${format}'`)
}

/**
 * The folder of policies that a command works on: the one that is named, else `policy.folder` of `--config` or of
 * ./holdfast.yaml, else ./policies. Only that one key is read, as with the data folder.
 */
export function policyFolder(
  named: string | undefined,
  values: { config?: string | undefined },
  io: CommandIo,
): string {
  if (named !== undefined) return resolve(io.cwd, named)
  const file = resolve(io.cwd, values.config ?? 'holdfast.yaml')
  if (values.config === undefined && !existsSync(file)) return resolve(io.cwd, 'policies')
  const policy = keyOf(readDocument(file), 'policy')
  const folder = keyOf(policy, 'folder')
  if (typeof folder !== 'string') throw new UsageError(`${file}: 'policy.folder' must be the path of a folder`)
  return resolve(file, '..', folder)
}

/** A time on the command line: a date, or a duration before now. In ms since the epoch. @throws UsageError */
export function timeOf(option: string, text: string, io: CommandIo): number {
  const ago = durationMs.safeParse(text)
  const time = ago.success ? io.now() - ago.data : Date.parse(text)
  if (Number.isNaN(time)) throw new UsageError(`${option} takes a date or a duration such as 2h, not '${text}'`)
  return time
}

function dataKeyOf(file: string): string {
  const data = keyOf(readDocument(file), 'data') ?? './data'
  if (typeof data !== 'string') throw new UsageError(`${file}: 'data' must be the path of a folder`)
  return data
}

function readDocument(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 })
  } catch (error) {
    // The yaml package ends its first line with a colon and goes on with the text; Node repeats the path.
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '').replace(/:$|, open '.*'$/, '') : error
    throw new UsageError(`cannot read ${file}: ${reason}`)
  }
}

function keyOf(document: unknown, name: string): unknown {
  return typeof document === 'object' && document !== null && Object.hasOwn(document, name)
    ? Reflect.get(document, name)
    : undefined
}
