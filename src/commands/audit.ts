// holdfast audit: read the log, and prove that it is the one that was written.
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  countEntries,
  type EntryFilter,
  type LogEntry,
  LogError,
  parseVerifierKeys,
  proveEntry,
  queryEntries,
  readEntries,
  type VerifierKey,
  verifyLog,
  verifyProof,
} from '#audit'
import { entryLine, reportLines } from './audit-lines.ts'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import {
  dataFolder,
  formatOption,
  helpOption,
  locationHelp,
  locationOptions,
  parseOptions,
  timeOf,
  wantsJson,
} from './options.ts'
import { printable } from './terminal.ts'

const help = `holdfast audit: read the log, and prove that it is the one that was written

  holdfast audit tail [-n N] [--follow]
  holdfast audit query [--principal ID] [--since TIME] [--until TIME] [--class N] [--status STATUS]
                       [--exchange ID] [--limit N]
  holdfast audit verify [--since FILE] [--keys FILE]
  holdfast audit verify --proof FILE [--keys FILE]
  holdfast audit prove ENTRY [--out FILE]

All of them work while a gateway is running, and without one.

tail    the newest entries
  -n N             how many (default: 20)
  --follow         go on with new ones until interrupted

query   the newest entries that fit, oldest first
  --principal ID   whose
  --since TIME     from this time on: 2026-11-20T08:00Z, or 15m, 2h, 7d ago
  --until TIME     before this time
  --class N        OCSF class: 6003 exchanges, 3004 changes, 2004 findings, 7001 actions, 6002 lifecycle
  --status STATUS  success, failure, unknown or not-scanned
  --exchange ID    one exchange
  --limit N        at most so many (default: 100)

verify  recompute everything; exit code 1 when something was changed, deleted, inserted or moved
  --since FILE     a copy of the file 'checkpoint' that you kept: history since then was only appended to
  --keys FILE      the log's public keys (log.pub) from a place that you trust
  --proof FILE     check the file of a proof instead of a log

prove   a proof of one entry that anybody can check with the public keys alone (C2SP tlog-proof)
  --out FILE       write it there

  --format FORMAT  text or json
${locationHelp}
`

const options = {
  ...locationOptions,
  ...formatOption,
  ...helpOption,
  count: { type: 'string', short: 'n', default: '20' },
  follow: { type: 'boolean', short: 'f', default: false },
  principal: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  class: { type: 'string' },
  status: { type: 'string' },
  exchange: { type: 'string' },
  limit: { type: 'string', default: '100' },
  keys: { type: 'string' },
  proof: { type: 'string' },
  out: { type: 'string' },
} as const

const statusIds: Readonly<Record<string, number>> = { unknown: 0, success: 1, failure: 2, 'not-scanned': 99 }
const pollMs = 500

type Values = ReturnType<typeof parseAudit>['values']

/** A parsed command line and the world. */
interface Call {
  readonly values: Values
  readonly io: CommandIo
  readonly json: boolean
  /** Folder of the log. */
  readonly dir: string
}

export async function audit(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseAudit(args)
  const [verb, entry] = positionals
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  if (entry !== undefined && verb !== 'prove')
    throw new UsageError(`unexpected '${entry}'; see 'holdfast audit --help'`)
  const call = { values, io, json: wantsJson(values.format), dir: join(dataFolder(values, io), 'log') }
  switch (verb) {
    case 'tail':
      return tail(call)
    case 'query':
      return query(call)
    case 'verify':
      return values.proof === undefined ? verify(call) : verifyProofFile(call, values.proof)
    case 'prove':
      return prove(call, wholeNumber('ENTRY', entry ?? ''))
    default:
      throw new UsageError("say tail, query, verify or prove; see 'holdfast audit --help'")
  }
}

function parseAudit(args: string[]) {
  return parseOptions('audit', args, options, 2)
}

async function tail({ values, io, json, dir }: Call): Promise<number> {
  const count = wholeNumber('-n', values.count)
  let next = Math.max(0, (await countEntries({ dir })) - count)
  const printNew = async () => {
    for await (const entry of readEntries({ dir, from: next })) {
      printEntry(io, json, entry)
      next = entry.index + 1
    }
  }
  await printNew()
  if (!values.follow) return exitCode.ok
  const { signal } = io
  while (await isOverAfter(pollMs, signal)) await printNew()
  return exitCode.ok
}

async function query({ values, io, json, dir }: Call): Promise<number> {
  const limit = wholeNumber('--limit', values.limit)
  const filter: EntryFilter = {
    principal: values.principal,
    since: values.since === undefined ? undefined : timeOf('--since', values.since, io),
    until: values.until === undefined ? undefined : timeOf('--until', values.until, io),
    classUid: values.class === undefined ? undefined : wholeNumber('--class', values.class),
    statusId: values.status === undefined ? undefined : statusOf(values.status),
    exchange: values.exchange,
  }
  const newestFirst: LogEntry[] = []
  if (limit > 0) {
    for await (const entry of queryEntries({ dir, filter })) {
      newestFirst.push(entry)
      if (newestFirst.length === limit) break
    }
  }
  for (const entry of newestFirst.reverse()) printEntry(io, json, entry)
  return exitCode.ok
}

async function verify({ values, io, json, dir }: Call): Promise<number> {
  const since = values.since === undefined ? undefined : await readText(values.since, io)
  const keys = await readKeys(values.keys, io)
  const report = await verifyLog({
    dir,
    ...(since === undefined ? {} : { since }),
    ...(keys === undefined ? {} : { keys }),
  })
  io.stdout(json ? `${JSON.stringify(report)}\n` : reportLines(report))
  return report.ok ? exitCode.ok : exitCode.notAllRight
}

async function verifyProofFile({ values, io, json, dir }: Call, file: string): Promise<number> {
  const proof = await readText(file, io)
  const keys = (await readKeys(values.keys, io)) ?? parseVerifierKeys(await readText(join(dir, 'log.pub'), io))
  try {
    const { index, entry, checkpoint } = verifyProof(proof, undefined, keys)
    const event = Buffer.from(entry).toString()
    const proven = { ok: true, index, origin: checkpoint.origin, size: checkpoint.size, event: JSON.parse(event) }
    const line = `entry ${index} of the log ${checkpoint.origin}, under its checkpoint of ${checkpoint.size} entries:\n`
    io.stdout(json ? `${JSON.stringify(proven)}\n` : `${line}${printable(event)}\n`)
    return exitCode.ok
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    io.stdout(json ? `${JSON.stringify({ ok: false, message: error.message })}\n` : `${error.message}\n`)
    return exitCode.notAllRight
  }
}

async function prove({ values, io, json, dir }: Call, index: number): Promise<number> {
  try {
    const { proof } = await proveEntry({ dir, index })
    const text = json ? `${JSON.stringify({ index, proof })}\n` : proof
    if (values.out === undefined) io.stdout(text)
    else await writeFile(resolve(io.cwd, values.out), text)
    return exitCode.ok
  } catch (error) {
    if (!(error instanceof LogError && error.code === 'damaged')) throw error
    io.stderr(`holdfast: ${error.message}\n`)
    return exitCode.notAllRight
  }
}

function printEntry(io: CommandIo, json: boolean, entry: LogEntry): void {
  const stored = () => (entry.event === undefined ? { index: entry.index } : entry.event)
  io.stdout(json ? `${JSON.stringify(stored())}\n` : entryLine(entry))
}

/** False when the signal came first. */
async function isOverAfter(ms: number, signal: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal }).catch(() => false)
}

async function readKeys(file: string | undefined, io: CommandIo): Promise<VerifierKey[] | undefined> {
  return file === undefined ? undefined : parseVerifierKeys(await readText(file, io))
}

async function readText(file: string, io: CommandIo): Promise<string> {
  const path = resolve(io.cwd, file)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`)
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`${name} takes a whole number, not '${text}'`)
}

function statusOf(name: string): number {
  const id = statusIds[name]
  if (id === undefined) throw new UsageError(`--status takes ${Object.keys(statusIds).join(', ')}, not '${name}'`)
  return id
}
