// holdfast identity: would this token be let in, and if not, why? For whoever sets up an issuer.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { TokenExamination } from '#identity'
import { examineToken, readSettings, systemWorld } from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { formatOption, helpOption, locationOptions, parseOptions, wantsJson } from './options.ts'

const help = `holdfast identity: check tokens as the gateway would

  holdfast identity test-token [FILE] [--config FILE] [--jwks FILE] [--format json]

Reads a JWT from FILE, or from standard input when there is none (never from the command line, where others could see
it), and says which check it fails, in plain words, or whom it speaks for. Nothing is logged.

  --config FILE    the configuration with the issuers (default: ./holdfast.yaml)
  --data DIR       the data folder, instead of the one that the file names; only its key for pseudonyms is read
  --jwks FILE      take the issuer's keys from this JWK Set and ask nobody
  --format FORMAT  text or json

Exit code 0: it is let in; 1: it is refused; 2: it could not be checked.
`

const options = {
  ...helpOption,
  ...formatOption,
  data: locationOptions.data,
  config: { type: 'string', default: 'holdfast.yaml' },
  jwks: { type: 'string' },
} as const

const maxTokenBytes = 64 * 1024

export async function identity(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions('identity', args, options, 2)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const [verb, file] = positionals
  if (verb !== 'test-token') throw new UsageError("say test-token; see 'holdfast identity --help'")
  const json = wantsJson(values.format)
  const { settings, data: ownData } = await readSettings(resolve(io.cwd, values.config))
  if (settings.identity.issuers.length === 0)
    throw new UsageError(`${values.config} names no issuer under identity.issuers, so no token is let in`)
  const data = values.data === undefined ? ownData : resolve(io.cwd, values.data)
  const keySet = values.jwks === undefined ? undefined : readText(resolve(io.cwd, values.jwks))
  const token = readText(file === undefined ? 0 : resolve(io.cwd, file)).trim()
  if (Buffer.byteLength(token) > maxTokenBytes) throw new UsageError('that is too long for a token')
  const result = await examineToken(settings.identity, data, token, keySet, systemWorld(io.stderr))
  io.stdout(json ? `${JSON.stringify(result)}\n` : describe(result))
  return result.ok ? exitCode.ok : exitCode.notAllRight
}

function describe(result: TokenExamination): string {
  if (!result.ok) return `refused (${result.code}): ${result.detail}\n`
  const { id, tenant, scopes, claims, issuer } = result.principal
  const lines = Object.entries(claims).map(([name, value]) => `  claim      ${name}: ${JSON.stringify(value)}\n`)
  return [
    'accepted:\n',
    `  issuer     ${issuer}\n`,
    `  principal  ${id}\n`,
    `  tenant     ${tenant}\n`,
    `  scopes     ${scopes.join(', ') || 'none'}\n`,
    ...lines,
  ].join('')
}

/** @param file  a path, or 0 for standard input */
function readText(file: string | 0): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error
    throw new UsageError(`cannot read ${file === 0 ? 'standard input' : file}: ${reason}`)
  }
}
