// What an operator does with a whole installation: back it up while it runs, restore it, check it, and bring its store up
// to date. Done by the command itself; the gateway that runs is asked for one thing only, a checkpoint.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type LogReport, type LogTrust, publicKeysOf, verifyLog } from '#audit'
import type { BackupReport, Opening, Progress, Sealing } from '#backup'
import { readKeyFile } from '#crypto'
import { checkStore, StoreError } from '#store'
import { backupEvent } from './backup-event.ts'
import { connectControl } from './control.ts'
import { alreadyRunning, ServerError } from './error.ts'
import { makeDataFolder, openInstallationLog, originOf } from './installation.ts'
import { migrations, openOwnStore, type StoreSettings } from './store.ts'
import { version } from './version.ts'
import type { World } from './world.ts'

/** Which installation. */
export interface Place {
  /** The data folder, absolute. */
  readonly data: string
  /** undefined when no configuration was named. */
  readonly store: StoreSettings | undefined
}

/** Loaded when it is used: the encryption takes several MB that a gateway does not need. */
const loadBackup = () => import('#backup')

/** A snapshot stays open while the backup is written, however slow the disk is. */
const snapshotIdleMs = 600_000

/**
 * Writes a backup; a gateway may go on meanwhile.
 *
 * @throws ServerError `no_installation`; as `writeBackup`
 */
export async function backUp(
  { data, store: settings }: Place,
  file: string,
  sealing: Sealing,
  world: World,
  progress: Progress,
): Promise<BackupReport> {
  requireInstallation(data)
  const id = world.id('bak')
  await using store = await openOwnStore(data, settings, world, { transactionIdleMs: snapshotIdleMs })
  const source = { data, store, checkpoint: () => checkpoint(data, id, world), id, version, now: world.now() }
  const { writeBackup } = await loadBackup()
  return await writeBackup(file, source, sealing, progress)
}

/** That a backup is made is an entry itself: the file holds every key. It is under the checkpoint. */
async function checkpoint(data: string, id: string, world: World): Promise<void> {
  const running = await connectControl(data)
  if (running !== undefined) {
    await running.recordBackup({ id })
    return
  }
  await using log = await openInstallationLog(data, world)
  await log.append(backupEvent(id, 'create', world))
  await log.checkpoint()
}

/**
 * Restores a backup into a new data folder and, where the settings name one, an empty PostgreSQL store. The log goes on
 * with an entry that says so.
 *
 * @throws ServerError as `makeDataFolder`; as `restoreBackup`
 */
export async function restoreInstallation(
  { data, store: settings }: Place,
  file: string,
  opening: Opening,
  trust: LogTrust,
  world: World,
  progress: Progress,
): Promise<BackupReport> {
  const target = {
    data,
    migrations,
    openStore: (folder: string) =>
      openOwnStore(folder, settings, world, { transactionIdleMs: snapshotIdleMs, mayBeRestoring: true }),
  }
  const { restoreBackup } = await loadBackup()
  const report = await restoreBackup(file, opening, target, trust, progress)
  makeDataFolder(data)
  await using log = await openInstallationLog(data, world)
  await log.append(backupEvent(report.id, 'other', world))
  return report
}

export interface InstallationReport {
  readonly ok: boolean
  readonly store: {
    readonly kind: 'sqlite' | 'postgresql' | undefined
    /** Migrations that the next start applies. */
    readonly pending: readonly string[]
    readonly problems: readonly string[]
  }
  readonly keys: { readonly count: number; readonly problems: readonly string[] }
  readonly log: LogReport
}

/**
 * Checks the store, the keys and the log; changes nothing. A gateway may be running.
 *
 * @throws ServerError `no_installation`; StoreError when the store cannot be asked (`locked`, `unreachable`); LogError
 */
export async function checkInstallation(place: Place, world: World): Promise<InstallationReport> {
  requireInstallation(place.data)
  const store = await checkOwnStore(place, world)
  const keys = checkKeys(place.data)
  const log = await verifyLog({ dir: join(place.data, 'log') })
  const ok = store.problems.length === 0 && keys.problems.length === 0 && log.ok
  return { ok, store, keys, log }
}

/** These say that the store is not all right; other errors, that it could not be asked. */
const unsound: ReadonlySet<string> = new Set([
  'corrupt',
  'foreign',
  'not_a_database',
  'restoring',
  'migration_changed',
  'migration_missing',
  'migration_unknown',
])

async function checkOwnStore({ data, store: settings }: Place, world: World): Promise<InstallationReport['store']> {
  try {
    await using store = await openOwnStore(data, settings, world)
    const problems = await checkStore(store)
    return { kind: store.kind, pending: await store.pending(migrations), problems }
  } catch (error) {
    if (!(error instanceof StoreError) || !unsound.has(error.code)) throw error
    return { kind: undefined, pending: [], problems: [error.message] }
  }
}

function checkKeys(data: string): InstallationReport['keys'] {
  const folder = join(data, 'keys')
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.key')) : []
  const problems = names.flatMap((name) => problemOfKey(data, join(folder, name), name.slice(0, -'.key'.length)))
  if (!names.includes('log.key')) problems.push('the key of the log, log.key, is missing')
  return { count: names.length, problems }
}

function problemOfKey(data: string, path: string, purpose: string): string[] {
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) return [`${path} can be used by others`]
    const key = readKeyFile(readFileSync(path, 'utf8'), { path, purpose })
    if (purpose !== 'log') return []
    const published = readFileSync(join(data, 'log', 'log.pub'), 'utf8')
    const isOurs = key.kind === 'signing' && publicKeysOf(originOf(key.keys), key.keys) === published
    return isOurs ? [] : [`${path} is not the key that signs the log`]
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/**
 * Brings the store up to date, or says what that would apply.
 *
 * @throws ServerError `no_installation`, `already_running`; StoreError `migration_*`
 */
export async function migrateStore(place: Place, world: World, dryRun: boolean): Promise<readonly string[]> {
  requireInstallation(place.data)
  if (!dryRun && (await connectControl(place.data)) !== undefined) throw alreadyRunning(place.data)
  await using store = await openOwnStore(place.data, place.store, world)
  return dryRun ? await store.pending(migrations) : (await store.migrate(migrations)).applied
}

function requireInstallation(data: string): void {
  if (existsSync(join(data, 'log'))) return
  throw new ServerError(
    'no_installation',
    `there is no installation in ${data}; say with --data or --config where it is`,
  )
}
