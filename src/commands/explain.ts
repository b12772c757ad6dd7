// holdfast explain: what happened in one exchange, in plain words, and which rule decided.
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseVerifierKeys, searchEntries, type VerifierKey } from '#audit'
import type { PolicySet } from '#policy'
import { explainLogged, readPolicies } from '#server'
import { explanationLines } from './explain-lines.ts'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import {
  dataFolder,
  formatOption,
  helpOption,
  locationHelp,
  locationOptions,
  parseOptions,
  policyFolder,
  timeOf,
  wantsJson,
} from './options.ts'

const help = `holdfast explain: what happened in one exchange, in plain words, and which rule decided

  holdfast explain ID [--since TIME] [--policy FOLDER] [--keys FILE]
  holdfast explain --last

ID is the x-request-id that the client got (ex_…), or the upstream's id of the request. Works while a gateway is
running, and without one. The log is searched from its end.

  --last           the newest exchange
  --since TIME     do not search further back: 2026-11-20T08:00Z, or 15m, 2h, 7d ago
  --policy FOLDER  where the policies are, to show the text of the rule (default: those of --config, or of 'up')
  --keys FILE      the log's public keys (log.pub) from a place that you trust
  --format FORMAT  text or json
${locationHelp}

Exit code 0 when it was found and its entries are those that were signed, or are too new to be; 1 when not; 2 when the
log cannot be read.
`

const options = {
  ...locationOptions,
  ...formatOption,
  ...helpOption,
  last: { type: 'boolean', default: false },
  since: { type: 'string' },
  policy: { type: 'string' },
  keys: { type: 'string' },
} as const

export async function explain(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions('explain', args, options, 1)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const json = wantsJson(values.format)
  const [id] = positionals
  if ((id === undefined) !== values.last) throw new UsageError("say an id or --last; see 'holdfast explain --help'")
  if (id !== undefined && !/^[\w.:-]{1,200}$/.test(id))
    throw new UsageError('an id has letters, digits and the signs _ . : -')
  const data = dataFolder(values, io)
  const dir = join(data, 'log')
  const since = values.since === undefined ? undefined : timeOf('--since', values.since, io)
  const keys = () => readKeys(values.keys === undefined ? join(dir, 'log.pub') : resolve(io.cwd, values.keys))

  const exchange = id ?? (await newestExchange(dir))
  const found =
    exchange === undefined
      ? undefined
      : await explainLogged(exchange, { dir, keys: keys(), since, policies: await policiesOf(values, data, io) })
  if (found === undefined) {
    io.stdout(
      json ? 'null\n' : `${id === undefined ? 'the log has no exchange' : `nothing in the log is about ${id}`}\n`,
    )
    return exitCode.notAllRight
  }
  const { explanation, hasFailedProof } = found
  io.stdout(json ? `${JSON.stringify(explanation)}\n` : explanationLines(explanation))
  return hasFailedProof ? exitCode.notAllRight : exitCode.ok
}

async function newestExchange(dir: string): Promise<string | undefined> {
  for await (const { event } of searchEntries({ dir, text: '"phase":"decision"' })) {
    const id = event?.metadata.correlation_uid
    if (id?.startsWith('ex_')) return id
  }
  return undefined
}

/** Those of today, where they can be found and read. */
async function policiesOf(
  values: { policy?: string | undefined; config?: string | undefined },
  data: string,
  io: CommandIo,
): Promise<PolicySet | undefined> {
  const ofUp = join(data, 'policies')
  const isNamed = values.policy !== undefined || values.config !== undefined
  const folder = isNamed || !existsSync(ofUp) ? policyFolder(values.policy, values, io) : ofUp
  try {
    return await readPolicies(folder)
  } catch (error) {
    if (isNamed)
      io.stderr(`holdfast: the policies cannot be shown: ${error instanceof Error ? error.message : error}\n`)
    return undefined
  }
}

function readKeys(path: string): VerifierKey[] {
  try {
    return parseVerifierKeys(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UsageError(`cannot read the keys in ${path}: ${error instanceof Error ? error.message : error}`)
  }
}
