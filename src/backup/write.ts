// Writing a backup while the gateway goes on: first a snapshot of the rows, then a checkpoint of the log, so that the log
// holds whatever the rows refer to. The file gets its name only after it has been read back whole.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { copyLog, type LogCopy } from '#audit'
import { openSnapshot, type Snapshot, type Store } from '#store'
import { requireSealing, type Sealing, sealStream } from './age.ts'
import { BackupError, ioError } from './error.ts'
import { noSuchFile, syncFolder } from './files.ts'
import {
  checkpointName,
  type End,
  endName,
  isBackedUp,
  type Manifest,
  manifestName,
  publicKeysName,
} from './manifest.ts'
import { readBackup } from './read.ts'
import type { BackupReport, Progress } from './report.ts'
import { encodeRows } from './rows.ts'
import { encodeMember, endOfArchive, type Member } from './tar.ts'

export interface BackupSource {
  /** The data folder. */
  readonly data: string
  /** Opened for the backup alone: it is busy until the backup is written. */
  readonly store: Store
  /** Puts every entry that is durable under a checkpoint. */
  readonly checkpoint: () => Promise<void>
  readonly id: string
  /** Of the program. */
  readonly version: string
  /** ms since the epoch. */
  readonly now: number
}

/**
 * Writes a backup and reads it back.
 *
 * @param file  must not exist; until the backup is whole there is only FILE.partial
 * @throws BackupError; LogError, StoreError when what is to be saved is damaged
 */
export async function writeBackup(
  file: string,
  source: BackupSource,
  sealing: Sealing,
  progress: Progress = () => {},
): Promise<BackupReport> {
  requireSealing(sealing)
  if (existsSync(file)) throw new BackupError('exists', `${file} exists; it was left as it is`)
  const draft = `${file}.partial`
  try {
    await using snapshot = await openSnapshot(source.store)
    await source.checkpoint()
    const { sealed, reopening } = await sealStream(archiveOf(source, snapshot), sealing)
    await writeDurably(draft, sealed, (bytes) => progress('writing', bytes))
    const report = await readBackup(draft, reopening, { progress: (bytes) => progress('verifying', bytes) })
    await giveName(draft, file)
    return report
  } catch (error) {
    throw ioError(`${file} could not be written, and nothing is left of it`, error)
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeDurably(path: string, source: AsyncIterable<Uint8Array>, progress: (bytes: number) => void) {
  await rm(path, { force: true }) // of a backup that was killed
  const handle = await open(path, 'wx', 0o600)
  try {
    let bytes = 0
    for await (const piece of source) {
      await handle.writeFile(piece)
      bytes += piece.length
      progress(bytes)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** `link` rather than `rename`, because it never replaces what is already there. */
async function giveName(draft: string, file: string): Promise<void> {
  try {
    await link(draft, file)
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    throw isThere ? new BackupError('exists', `${file} exists; it was left as it is`) : error
  }
  await syncFolder(dirname(file))
}

async function* archiveOf(source: BackupSource, snapshot: Snapshot): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  const counts = { members: 0, keys: 0, files: 0, entries: 0 }
  const rows: Record<string, number> = Object.fromEntries(snapshot.tables.map(({ name }) => [name, 0]))
  for await (const member of membersOf(source, snapshot, counts, rows)) {
    counts.members++
    for (const bytes of encodeMember(member)) {
      hash.update(bytes)
      yield bytes
    }
  }
  const end: End = { ...counts, rows, sha256: hash.digest('hex') }
  yield* encodeMember(json(endName, end))
  yield endOfArchive
}

async function* membersOf(
  source: BackupSource,
  snapshot: Snapshot,
  counts: { keys: number; files: number; entries: number },
  rows: Record<string, number>,
): AsyncGenerator<Member> {
  const log = await copyLog(join(source.data, 'log'))
  yield json(manifestName, manifestOf(source, snapshot, log))
  yield { name: publicKeysName, data: Buffer.from(log.publicKeys) }
  yield { name: checkpointName, data: Buffer.from(log.checkpoint) }
  for (const name of await filesIn(source.data, 'keys')) {
    if (!name.endsWith('.key')) continue
    yield { name, data: await readFile(join(source.data, name)) }
    counts.keys++
  }
  for (const name of ['holdfast.yaml', ...(await filesIn(source.data, 'policies'))]) {
    const data = await readFile(join(source.data, name)).catch(noSuchFile)
    if (data === undefined) continue
    if (!isBackedUp(name)) throw new BackupError('argument', `a backup cannot hold a file of the name ${name}`)
    yield { name: `files/${name}`, data }
    counts.files++
  }
  yield* numbered('log/checkpoints', log.history())
  yield* numbered('log/entries', log.bundles())
  counts.entries = log.size
  for (const table of snapshot.tables) {
    let part = 0
    for await (const page of snapshot.rows(table)) {
      yield { name: `store/${table.name}/${part++}`, data: encodeRows(page) }
      rows[table.name] = (rows[table.name] ?? 0) + page.length
    }
  }
}

function manifestOf({ id, now, version, store }: BackupSource, snapshot: Snapshot, log: LogCopy): Manifest {
  return {
    format: 1,
    id,
    madeAt: now,
    version,
    origin: log.origin,
    logSize: log.size,
    store: store.kind,
    migrations: [...snapshot.migrations],
    tables: snapshot.tables.map(({ name, columns, key }) => ({ name, columns: [...columns], key: [...key] })),
  }
}

async function* numbered(folder: string, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Member> {
  let number = 0
  for await (const data of pieces) yield { name: `${folder}/${number++}`, data }
}

/** Files below a folder of the data folder, relative to that, sorted. A link to a file counts as the file. */
async function filesIn(data: string, folder: string): Promise<string[]> {
  const names = (await readdir(join(data, folder), { recursive: true }).catch(noSuchFile)) ?? []
  const files: string[] = []
  for (const name of names.toSorted()) {
    const path = join(folder, name).replaceAll('\\', '/')
    if ((await stat(join(data, path))).isFile()) files.push(path)
  }
  return files
}

function json(name: string, value: object): Member {
  return { name, data: Buffer.from(`${JSON.stringify(value)}\n`) }
}
