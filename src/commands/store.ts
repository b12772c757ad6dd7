// holdfast store: the rows of an installation, and backups of all of it.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type LogTrust, parseVerifierKeys } from '#audit'
import { type BackupReport, type Opening, type Progress, readBackup, type Sealing } from '#backup'
import { Secret } from '#config'
import {
  backUp,
  checkInstallation,
  type InstallationReport,
  migrateStore,
  type Place,
  restoreInstallation,
  systemWorld,
} from '#server'
import { reportLines } from './audit-lines.ts'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { installationOf } from './location.ts'
import { formatOption, helpOption, locationHelp, locationOptions, parseOptions, wantsJson } from './options.ts'

const help = `holdfast store: the rows of an installation, and backups of all of it

  holdfast store check
  holdfast store migrate [--dry-run]
  holdfast store backup FILE (--recipient AGE... | --passphrase-file FILE)
  holdfast store backup --verify FILE (--identity FILE | --passphrase-file FILE) [--since FILE] [--keys FILE]
  holdfast store restore FILE (--identity FILE | --passphrase-file FILE) [--since FILE] [--keys FILE]

check    is everything whole: the store and its tables, the keys, every entry of the log? Changes nothing; works while a
         gateway is running. Exit code 1 when something is not all right

migrate  bring the tables up to date, as the next start of the gateway would; not while one is running
  --dry-run               say what would be applied, and change nothing

backup   write rows, log, keys and policies into one encrypted file, while a gateway is running or without one. The
         file is read back and checked before it gets its name; an existing one is never overwritten
  --recipient AGE         whom to encrypt it for: an age public key (age1…, or age1pq1… against quantum computers);
                          repeat for more
  --passphrase-file FILE  a passphrase instead, of at least 12 characters; whoever knows it can open the backup
  --verify                check a backup that is there already

restore  make a new data folder from a backup, of this or the other kind of store. The folder must not exist or be
         empty, and so must the database of store.url. All of it is checked before any of it counts
  --identity FILE         age identities (AGE-SECRET-KEY-…), one a line; such as age-keygen writes them
  --since FILE            a copy of the log's file 'checkpoint' that was kept elsewhere: refuse a backup older than it
  --keys FILE             the log's public keys (log.pub) from a place that you trust

  --format FORMAT         text or json
${locationHelp}
`

const options = {
  ...locationOptions,
  ...formatOption,
  ...helpOption,
  'dry-run': { type: 'boolean', default: false },
  recipient: { type: 'string', multiple: true },
  'passphrase-file': { type: 'string' },
  identity: { type: 'string', multiple: true },
  verify: { type: 'boolean', default: false },
  since: { type: 'string' },
  keys: { type: 'string' },
} as const

type Values = ReturnType<typeof parseStore>['values']

/** A parsed command line and the world. */
interface Call {
  readonly values: Values
  readonly io: CommandIo
  readonly json: boolean
}

export async function store(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseStore(args)
  const [verb, file] = positionals
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const call = { values, io, json: wantsJson(values.format) }
  if (file !== undefined && verb !== 'backup' && verb !== 'restore')
    throw new UsageError(`unexpected '${file}'; see 'holdfast store --help'`)
  switch (verb) {
    case 'check':
      return check(call)
    case 'migrate':
      return migrate(call)
    case 'backup':
      return values.verify ? verify(call, required(file)) : backup(call, required(file))
    case 'restore':
      return restore(call, required(file))
    default:
      throw new UsageError("say check, migrate, backup or restore; see 'holdfast store --help'")
  }
}

function parseStore(args: string[]) {
  return parseOptions('store', args, options, 2)
}

function required(file: string | undefined): string {
  if (file === undefined) throw new UsageError("say which FILE; see 'holdfast store --help'")
  return file
}

async function check({ values, io, json }: Call): Promise<number> {
  const report = await checkInstallation(installationOf(values, io), systemWorld(io.stderr))
  io.stdout(json ? `${JSON.stringify(report)}\n` : checkLines(report))
  return report.ok ? exitCode.ok : exitCode.notAllRight
}

async function migrate({ values, io, json }: Call): Promise<number> {
  const dryRun = values['dry-run']
  const applied = await migrateStore(installationOf(values, io), systemWorld(io.stderr), dryRun)
  if (json) io.stdout(`${JSON.stringify(dryRun ? { pending: applied } : { applied })}\n`)
  else if (applied.length === 0) io.stdout('the store is up to date\n')
  else io.stdout(`${dryRun ? 'would apply, and has not' : 'applied'}:\n${applied.map((id) => `  ${id}\n`).join('')}`)
  return exitCode.ok
}

async function backup({ values, io, json }: Call, name: string): Promise<number> {
  const sealing = await sealingOf(values, io)
  const file = resolve(io.cwd, name)
  const report = await backUp(installationOf(values, io), file, sealing, systemWorld(io.stderr), progressOf(io, json))
  io.stdout(
    json ? `${JSON.stringify({ file, ...report })}\n` : `${file}: written, read back and found whole\n${lines(report)}`,
  )
  return exitCode.ok
}

async function verify({ values, io, json }: Call, name: string): Promise<number> {
  const file = resolve(io.cwd, name)
  const opening = await openingOf(values, io)
  const progress = progressOf(io, json)
  const trust = await trustOf(values, io)
  try {
    const report = await readBackup(file, opening, { trust, progress: (bytes) => progress('verifying', bytes) })
    io.stdout(json ? `${JSON.stringify({ ok: true, file, ...report })}\n` : `${file}: whole\n${lines(report)}`)
    return exitCode.ok
  } catch (error) {
    // What is wrong with the backup is the answer; that it could not be read is none.
    const isAnswer =
      error instanceof Error && 'code' in error && ['damaged', 'signature', 'key_file'].includes(`${error.code}`)
    if (!isAnswer) throw error
    io.stdout(json ? `${JSON.stringify({ ok: false, file, message: error.message })}\n` : `${error.message}\n`)
    return exitCode.notAllRight
  }
}

async function restore({ values, io, json }: Call, name: string): Promise<number> {
  const place: Place = installationOf(values, io)
  const file = resolve(io.cwd, name)
  const [opening, trust] = [await openingOf(values, io), await trustOf(values, io)]
  const world = systemWorld(io.stderr)
  const report = await restoreInstallation(place, file, opening, trust, world, progressOf(io, json))
  if (json) io.stdout(`${JSON.stringify({ file, data: place.data, ...report })}\n`)
  else io.stdout(`${place.data}: restored and checked\n${lines(report)}${rollback(report)}`)
  return exitCode.ok
}

/** What a restore cannot know, and its operator must. */
function rollback({ entries, signedAt }: BackupReport): string {
  const until = signedAt === undefined ? '' : ` of ${new Date(signedAt).toISOString()}`
  return `
The log goes on after entry ${entries - 1}${until}. What was recorded later is not in it: to whoever has a newer checkpoint
this is a rollback, so tell them. Never start the old installation again: two logs of one name are a fork.
`
}

async function sealingOf(values: Values, io: CommandIo): Promise<Sealing> {
  const { recipient: recipients, 'passphrase-file': file } = values
  if ((recipients === undefined) === (file === undefined))
    throw new UsageError('say for whom: --recipient AGE, or --passphrase-file FILE')
  return recipients === undefined ? { passphrase: await secretLine(file ?? '', io) } : { recipients }
}

async function openingOf(values: Values, io: CommandIo): Promise<Opening> {
  const { identity: files, 'passphrase-file': file } = values
  if ((files === undefined) === (file === undefined))
    throw new UsageError('say how to open it: --identity FILE, or --passphrase-file FILE')
  if (files === undefined) return { passphrase: await secretLine(file ?? '', io) }
  const texts = await Promise.all(files.map((name) => readText(name, io)))
  const identities = texts
    .flatMap((text) => text.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (identities.length === 0) throw new UsageError('there is no age identity in the file of --identity')
  return { identities: identities.map((line) => new Secret(line)) }
}

async function secretLine(file: string, io: CommandIo): Promise<Secret> {
  return new Secret((await readText(file, io)).replace(/\r?\n$/, ''))
}

async function trustOf({ since, keys }: Values, io: CommandIo): Promise<LogTrust> {
  return {
    since: since === undefined ? undefined : await readText(since, io),
    keys: keys === undefined ? undefined : parseVerifierKeys(await readText(keys, io)),
  }
}

async function readText(file: string, io: CommandIo): Promise<string> {
  const path = resolve(io.cwd, file)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`)
  }
}

const progressEveryMs = 2000

/** A line now and then, for long work and for people. */
function progressOf(io: CommandIo, json: boolean): Progress {
  let last = io.now()
  return (phase, bytes) => {
    if (json || io.now() - last < progressEveryMs) return
    last = io.now()
    io.stderr(`${phase}: ${size(bytes)}\n`)
  }
}

function lines({ id, madeAt, bytes, entries, origin, keys, files, rows, store }: BackupReport): string {
  const tables = Object.values(rows)
  const total = tables.reduce((sum, count) => sum + count, 0)
  return `  ${id}, ${new Date(madeAt).toISOString()}, ${size(bytes)}
  log    ${entries} entries of ${origin}, all under its checkpoint
  store  ${total} rows in ${tables.length} tables, from ${store}
  keys   ${keys}; ${files} files of policies and configuration
`
}

function checkLines({ ok, store: { kind, pending, problems }, keys, log }: InstallationReport): string {
  const list = (texts: readonly string[]) => texts.map((text) => `  ${text}\n`).join('')
  const found = (texts: readonly string[]) => (texts.length === 0 ? 'all right\n' : `NOT all right\n${list(texts)}`)
  const waiting = pending.length === 0 ? '' : `  the next start applies: ${pending.join(', ')}\n`
  return `store${kind === undefined ? '' : ` (${kind})`}: ${found(problems)}${waiting}keys (${keys.count}): ${found(keys.problems)}log:
${reportLines(log).replace(/^/gm, '  ').trimEnd()}
${ok ? 'all right' : 'NOT all right'}
`
}

function size(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`
}
