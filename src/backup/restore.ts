// Restoring a backup into a folder that does not exist yet. Everything is written beside the folder and checked; only
// then does it get its name, in one step. A restore that is interrupted leaves nothing that a gateway would take.

import { readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LogRebuild, type LogTrust, verifyLog } from '#audit'
import {
  abandonRestoring,
  beginLoading,
  beginRestoring,
  finishRestoring,
  type Loading,
  type Migration,
  restoringId,
  type Store,
} from '#store'
import type { Opening } from './age.ts'
import { BackupError, ioError } from './error.ts'
import { noSuchFile, syncFolder, writeNew } from './files.ts'
import type { Manifest } from './manifest.ts'
import { type BackupSink, readBackup } from './read.ts'
import type { BackupReport, Progress } from './report.ts'

export interface RestoreTarget {
  /** The data folder to make. It must not exist, or be empty. */
  readonly data: string
  /** Opens the empty store to load; an embedded one lies in `folder`, which will become the data folder. */
  readonly openStore: (folder: string) => Promise<Store>
  /** All of this program. */
  readonly migrations: readonly Migration[]
}

/** In the folder until a restore into it is finished; holds the id of the backup. */
const marker = 'restoring'
const privately = { file: 0o600, folder: 0o700 }
const forItsGroup = { file: 0o640, folder: 0o750 }

/**
 * Restores a backup, or finishes a restore of the same backup that was interrupted in its last step.
 *
 * @throws BackupError; LogError when the log is not what was signed or misses `trust`; StoreError
 */
export async function restoreBackup(
  file: string,
  opening: Opening,
  target: RestoreTarget,
  trust: LogTrust = {},
  progress: Progress = () => {},
): Promise<BackupReport> {
  const { data } = target
  const begun = await requireEmpty(data)
  if (begun !== undefined) {
    const report = await readBackup(file, opening, { trust, progress: (bytes) => progress('verifying', bytes) })
    await finishInterrupted(target, begun, report)
    return report
  }
  const draft = `${data}.restoring`
  await removeOldDraft(draft)
  const restoring = new Restoring(target, draft)
  try {
    const report = await readBackup(file, opening, {
      trust,
      sink: restoring,
      progress: (bytes) => progress('restoring', bytes),
    })
    await requireSoundLog(join(draft, 'log'), trust)
    await restoring.commit()
    await restoring.finish()
    return report
  } catch (error) {
    await restoring.abandon()
    throw ioError(`${data} could not be restored, and nothing is left of it`, error)
  }
}

/** The id of the backup when a restore was interrupted after it had given the folder its name. */
async function requireEmpty(data: string): Promise<string | undefined> {
  const names = (await readdir(data).catch(noSuchFile)) ?? []
  if (names.length === 0) return undefined
  if (names.includes(marker)) return (await readFile(join(data, marker), 'utf8')).trim()
  throw new BackupError('exists', `${data} is not empty; move it away, or restore into another folder with --data`)
}

async function finishInterrupted(target: RestoreTarget, begun: string, { id }: BackupReport): Promise<void> {
  if (begun !== id) {
    throw new BackupError('exists', `a restore of another backup (${begun}) into ${target.data} was not finished`)
  }
  await using store = await target.openStore(target.data)
  if (store.kind === 'postgresql' && (await restoringId(store.database())) === id)
    await finishRestoring(store.database())
  await rm(join(target.data, marker))
}

/** What a restore that was killed has left. Without its marker it is not ours to remove. */
async function removeOldDraft(draft: string): Promise<void> {
  const names = await readdir(draft).catch(noSuchFile)
  if (names === undefined) return
  if (names.length > 0 && !names.includes(marker)) {
    throw new BackupError('exists', `${draft} is in the way; move it away`)
  }
  await rm(draft, { recursive: true })
}

async function requireSoundLog(dir: string, { since, keys }: LogTrust): Promise<void> {
  const report = await verifyLog({
    dir,
    ...(since === undefined ? {} : { since }),
    ...(keys === undefined ? {} : { keys }),
  })
  if (!report.ok) {
    throw new BackupError('damaged', `the log of the backup does not verify: ${report.problems[0]?.message}`)
  }
}

class Restoring implements BackupSink {
  readonly #target: RestoreTarget
  readonly #draft: string
  readonly #log: LogRebuild
  #store: Store | undefined
  #loading: Loading | undefined
  #isNamed = false

  constructor(target: RestoreTarget, draft: string) {
    this.#target = target
    this.#draft = draft
    this.#log = new LogRebuild(join(draft, 'log'))
  }

  async begin({ id, migrations }: Manifest): Promise<void> {
    await writeNew(join(this.#draft, marker), `${id}\n`, privately)
    this.#store = await this.#target.openStore(this.#draft)
    if (this.#store.kind === 'postgresql') await beginRestoring(this.#store.database(), id)
    this.#loading = await beginLoading(this.#store, this.#target.migrations, migrations)
  }

  file(path: string, bytes: Uint8Array, kind: 'key' | 'file'): Promise<void> {
    return writeNew(join(this.#draft, path), bytes, kind === 'key' ? privately : forItsGroup)
  }

  history(piece: Uint8Array): Promise<void> {
    return this.#log.addHistory(piece)
  }

  entries(entries: readonly Uint8Array[]): Promise<void> {
    return this.#log.addEntries(entries)
  }

  async rows(...[table, rows]: Parameters<BackupSink['rows']>): Promise<void> {
    await this.#loading?.insert(table, rows)
  }

  end({ checkpoint, publicKeys }: { checkpoint: string; publicKeys: string }): Promise<void> {
    return this.#log.finish(checkpoint, publicKeys)
  }

  /** An embedded store is closed, so that all of it lies in its file. */
  async commit(): Promise<void> {
    await this.#loading?.commit()
    if (this.#store?.kind !== 'sqlite') return
    await this.#store.close()
    this.#store = undefined
  }

  /** Gives the folder its name. */
  async finish(): Promise<void> {
    const { data } = this.#target
    await syncFolder(this.#draft)
    // An empty folder in its place would stop the renaming on some systems.
    await rmdir(data).catch(noSuchFile)
    await rename(this.#draft, data)
    this.#isNamed = true
    await syncFolder(dirname(data))
    if (this.#store?.kind === 'postgresql') await finishRestoring(this.#store.database())
    await rm(join(data, marker))
    await this.#store?.close()
  }

  async abandon(): Promise<void> {
    const store = this.#store
    // With the folder in its place only the last step is missing; the same restore, run again, does it.
    if (!this.#isNamed) {
      await this.#loading?.rollback().catch(() => {})
      if (store?.kind === 'postgresql') await emptyAgain(store)
      await rm(this.#draft, { recursive: true, force: true })
    }
    await store?.close()
  }
}

/** A store that was refused because there are rows in it is left as it is. */
async function emptyAgain(store: Store): Promise<void> {
  const database = store.database<unknown>()
  // What stands in the way, such as a server that has gone, is told already; the store keeps its mark then.
  const unfinished = await restoringId(database).catch(() => undefined)
  if (unfinished !== undefined) await abandonRestoring(database).catch(() => {})
}
