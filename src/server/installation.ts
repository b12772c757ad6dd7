// One installation: a data folder with its keys, log and store, and the rooms that live on them. The
// gateway runs on one; a command that changes something while no gateway runs opens one for itself.
import { createPublicKey } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type AuditLog, type AuditSettings, LogError, type OcsfEvent, openLog } from '#audit'
import { type Keyring, openKeyring, type SigningKeys, sha256Hex } from '#crypto'
import { type Actions, createActions, type Findings, openFindings } from '#findings'
import { type ApiKeys, openApiKeys, reinstateApiKeyAction, revokeApiKeyAction } from '#identity'
import { type Inventory, openInventory } from '#inventory'
import { type BudgetLedger, openBudgets } from '#limits'
import type { Store, StoreOptions } from '#store'
import { createDetections, type Detections } from './detections.ts'
import { alreadyRunning, ServerError } from './error.ts'
import { type MeasuredLog, measureFiles, measureLog } from './metrics/log.ts'
import { createRegistry, type Registry } from './metrics/registry.ts'
import { migrations, openOwnStore, type StoreSettings } from './store.ts'
import { watchLog } from './watched-log.ts'
import type { World } from './world.ts'

export interface Installation {
  readonly data: string
  readonly keyring: Keyring
  readonly log: MeasuredLog
  readonly store: Store
  readonly inventory: Inventory
  readonly findings: Findings
  readonly detections: Detections
  readonly actions: Actions
  readonly keys: ApiKeys
  readonly budgets: BudgetLedger
  readonly metrics: Registry
  close(): Promise<void>
}

/**
 * Opens the data folder, making it when there is none. One process at a time: the log holds the lock.
 *
 * @param settings  where its rows are; in the data folder when nobody says otherwise
 * @param audit     how its log is written; strictly when nobody says otherwise
 * @throws ServerError as `makeDataFolder`, `already_running`, `store_elsewhere`; LogError, StoreError, CryptoError when a part is damaged or newer than this
 *         program
 */
export async function openInstallation(
  data: string,
  world: World,
  settings?: StoreSettings,
  audit?: AuditSettings,
): Promise<Installation> {
  makeDataFolder(data)
  const { now, randomBytes } = world
  const keyring = openKeyring(join(data, 'keys'), { randomBytes })
  // Closed from the last to the first, also when the rest does not open.
  await using opened = new AsyncDisposableStack()
  const metrics = createRegistry()
  const logFiles = measureFiles(world.logFiles, metrics, world.monotonic)
  const unwatched = await openInstallationLog(data, { ...world, logFiles }, audit)
  const log = measureLog(watchLog(unwatched, join(data, 'log'), world), metrics)
  opened.defer(() => log.close())
  const store = await openOwnStore(data, settings, world, { observe: statementMeter(metrics) })
  opened.defer(() => store.close())
  await store.migrate(migrations)
  const record = (event: OcsfEvent) => log.append(event)
  const inventory = openInventory({ database: store.database(), now })
  const findings = openFindings({ database: store.database(), now, record })
  const detections = createDetections(findings, inventory, world)
  opened.defer(() => detections.settled())
  const actions = createActions({ database: store.database(), now, record })
  const keys = await openApiKeys({ database: store.database(), now, randomBytes })
  const budgets = await openBudgets({ database: store.database(), now })
  opened.defer(() => budgets.close())
  actions.register(revokeApiKeyAction(keys))
  actions.register(reinstateApiKeyAction(keys))
  await actions.recover()
  const open = opened.move()
  return {
    data,
    keyring,
    log,
    store,
    inventory,
    findings,
    detections,
    actions,
    keys,
    budgets,
    metrics,
    close: () => open.disposeAsync(),
  }
}

/** Of each statement: ms, and the code of its error. */
function statementMeter(metrics: Registry): NonNullable<StoreOptions['observe']> {
  const seconds = metrics.histogram('storeSeconds')
  return (ms, error) => {
    seconds.observe(ms / 1000)
    if (error !== undefined) metrics.counter('storeErrors', error).add(1)
  }
}

/** @throws ServerError `unusable_folder`, `foreign_folder`, `writable_folder` */
export function makeDataFolder(data: string): void {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 })
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error
    throw new ServerError('unusable_folder', `${data} cannot be the data folder: ${whyNot[`${reason}`] ?? reason}`)
  }
  refuseForeignFolder(data)
}

const whyNot: Readonly<Record<string, string>> = {
  EEXIST: 'it is a file',
  ENOTDIR: 'a folder above it is a file',
  EACCES: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
}

/**
 * Files that root makes in another user's folder would lock that user out, who is the one that runs the gateway. And
 * who can write to the folder can put another log, store or socket in the place of ours.
 */
function refuseForeignFolder(data: string): void {
  const user = process.getuid?.()
  if (user === undefined) return
  const { uid: owner, mode } = statSync(data)
  if (user !== owner)
    throw new ServerError('foreign_folder', `${data} belongs to the user with id ${owner}: run this as that user`)
  if ((mode & 0o022) !== 0)
    throw new ServerError('writable_folder', `others than its owner can write to ${data}: run chmod go-w ${data}`)
}

/** The name of this installation's log. No two logs may have the same (C2SP tlog-checkpoint), so it comes from the key. */
export function originOf({ ed25519 }: SigningKeys): string {
  const publicKey = createPublicKey(ed25519).export({ format: 'der', type: 'spki' })
  return `holdfast.local/${sha256Hex(publicKey).slice(0, 16)}`
}

/** The log alone, for a command that only adds to it. @throws ServerError `already_running`; LogError, CryptoError */
export async function openInstallationLog(data: string, world: World, audit?: AuditSettings): Promise<AuditLog> {
  const { now, randomBytes, logFiles: files } = world
  const keys = openKeyring(join(data, 'keys'), { randomBytes }).signing('log')
  try {
    const syncEveryMs = audit?.durability === 'group' ? audit.syncEvery : undefined
    return await openLog({ dir: join(data, 'log'), origin: originOf(keys), keys, now, files, syncEveryMs })
  } catch (error) {
    throw error instanceof LogError && error.code === 'locked' ? alreadyRunning(data) : error
  }
}
