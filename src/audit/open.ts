// Opening a log for writing: takes the lock, checks that what is there is what was signed, and brings into the tree
// what a crash left in the journals.
import { join } from 'node:path'
import type { SigningKeys } from '#crypto'
import { DurableFolder, makeFolderDurably } from './durable.ts'
import { LogError } from './error.ts'
import { diskFiles, type LogFiles } from './files.ts'
import { journalNames, partialWidths, readCheckpointNote, readEdge, readJournals, textOf } from './folder.ts'
import { readHistoryEnd } from './history.ts'
import { Journal } from './journal.ts'
import { type AuditLog, ioError, WritableLog } from './log.ts'
import { Publisher, type PublisherOptions } from './publisher.ts'
import { openCheckpoint, requireOrigin, type SignedCheckpoint, verifierKeys } from './tlog/checkpoint.ts'
import { leafHash } from './tlog/merkle.ts'
import { encodeVerifierKey } from './tlog/note.ts'
import { tilePath, tileWidth } from './tlog/tiles.ts'
import { type Edge, emptyEdge, levelsOf, partialPaths, rootOf } from './tree.ts'

export interface LogOptions {
  /** Made when it is not there. */
  readonly dir: string
  /** Name of the log in its checkpoints and keys: like a URL without its scheme, for example `gateway.example/log`. */
  readonly origin: string
  /** Private keys. */
  readonly keys: SigningKeys
  /** ms since the epoch; only for the time in a checkpoint. */
  readonly now: () => number
  readonly files?: LogFiles
  /** How long an entry may be without a checkpoint, ms. Default 1000. */
  readonly intervalMs?: number
  /** How many entries may be without a checkpoint. Default 256. */
  readonly maxPending?: number
  /**
   * Group durability: an entry is acknowledged once it survives the end of the process, and survives a power cut at
   * most so many ms later. Undefined, the default, is strict: acknowledged once it survives a power cut.
   */
  readonly syncEveryMs?: number | undefined
  /** Size of each of the two journals. At least 128 KiB; default 4 MiB. */
  readonly journalBytes?: number
}

/**
 * Opens a log for writing.
 *
 * @throws LogError `locked` when another process has it open; `damaged` when its checkpoint, tree, history or journal
 *         contradict each other; `signature` when its checkpoint is not signed by these keys; `io`, `argument`
 */
export async function openLog(options: LogOptions): Promise<AuditLog> {
  requireOrigin(options.origin)
  const files = options.files ?? diskFiles
  try {
    await makeFolderDurably(files, options.dir)
  } catch (cause) {
    throw ioError(`cannot make the folder ${options.dir}`, cause)
  }
  const unlock = await files.lock(join(options.dir, 'lock'))
  try {
    return await openLocked({ ...options, files }, unlock)
  } catch (cause) {
    unlock()
    throw ioError(`cannot open the log in ${options.dir}`, cause)
  }
}

async function openLocked(options: LogOptions & PublisherOptions, unlock: () => void): Promise<AuditLog> {
  const { journalBytes = 4 << 20, intervalMs = 1000, maxPending = 256 } = options
  await settleKeys(options)
  const publisher = await openTree(options)
  await recoverJournals(options, publisher)
  const freshJournals = () => makeJournals(options, journalBytes)
  return new WritableLog({
    publisher,
    intervalMs,
    maxPending,
    syncEveryMs: options.syncEveryMs,
    freshJournals,
    journals: await freshJournals(),
    unlock,
  })
}

/** Writes the public keys on the first opening; afterwards they must be the same. */
async function settleKeys({ files, dir, origin, keys }: PublisherOptions): Promise<void> {
  const text = publicKeysOf(origin, keys)
  const stored = textOf(await files.read(join(dir, 'log.pub')))
  if (stored === undefined) await new DurableFolder(files, dir).write([{ path: 'log.pub', data: Buffer.from(text) }])
  else if (stored !== text) {
    throw new LogError('signature', `the log in ${dir} was made with other keys or under another name than ${origin}`)
  }
}

/** The file `log.pub` of a log. */
export function publicKeysOf(origin: string, keys: SigningKeys): string {
  const { ed25519, mldsa44 } = verifierKeys(origin, keys)
  return `${encodeVerifierKey(ed25519)}\n${encodeVerifierKey(mldsa44)}\n`
}

/** The tree under its checkpoint, or a new one. */
async function openTree(options: PublisherOptions): Promise<Publisher> {
  const { files, dir } = options
  const note = await readable(`the checkpoint of ${dir}`, () => readCheckpointNote(files, dir))
  const history = await readHistoryEnd(files, dir)
  if (note === undefined) {
    const isNew = history.last === undefined && (await files.list(join(dir, 'tile'))).length === 0
    if (!isNew) throw new LogError('damaged', `${dir} has a tree but no checkpoint; restore it from a backup`)
    const publisher = new Publisher(options, emptyEdge, 0, [])
    await publisher.signEmpty()
    return publisher
  }

  const { ed25519, mldsa44 } = verifierKeys(options.origin, options.keys)
  const checkpoint = await readable(`the checkpoint of ${dir}`, () => openCheckpoint(note, [ed25519, mldsa44]))
  if (history.last !== undefined && history.last.size > checkpoint.size) {
    throw new LogError(
      'damaged',
      `the checkpoint is of ${checkpoint.size} entries, but one of ${history.last.size} was signed before: it was put back`,
    )
  }
  const edge = await checkedEdge(options, checkpoint)
  const publisher = new Publisher(options, edge, history.end, await outdatedPartials(options, edge))
  if (history.last?.size !== checkpoint.size) await publisher.completeHistory(checkpoint, note)
  return publisher
}

/** The right edge, if it is what the checkpoint was signed over. */
async function checkedEdge({ files, dir }: PublisherOptions, checkpoint: SignedCheckpoint): Promise<Edge> {
  const edge = await readable(`the tree in ${dir}`, () => readEdge(files, dir, checkpoint.size))
  const fromBundle = edge.bundle.map((entry) => Buffer.from(leafHash(entry)).toString('hex'))
  const fromTile = (edge.tiles[0] ?? []).map((hash) => Buffer.from(hash).toString('hex'))
  const isSigned = Buffer.compare(rootOf(edge), checkpoint.root) === 0
  if (!isSigned || fromBundle.join() !== fromTile.join()) {
    throw new LogError('damaged', `the tree in ${dir} is not what its checkpoint says; run 'holdfast audit verify'`)
  }
  return edge
}

/** Says of what cannot be read what it is, and what to do. */
async function readable<T>(what: string, read: () => T): Promise<Awaited<T>> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof LogError) || error.code === 'io') throw error
    const remedy = "'holdfast audit verify' says what is left; put the folder back from a backup"
    throw new LogError(error.code, `${what} cannot be used: ${error.message}; ${remedy}`, error)
  }
}

async function outdatedPartials({ files, dir }: PublisherOptions, edge: Edge): Promise<string[]> {
  const current = new Set(partialPaths(edge.size))
  const found: string[] = []
  for (const level of ['entries', ...levelsOf(edge.size)] as const) {
    const index = Math.floor(edge.size / tileWidth ** ((level === 'entries' ? 0 : level) + 1))
    for (const width of await partialWidths(files, dir, level, index)) found.push(tilePath(level, index, width))
  }
  return found.filter((path) => !current.has(path))
}

/**
 * Publishes what the journals hold beyond the tree.
 *
 * @throws LogError `damaged` when an entry that was durable is not there any more, or a journal is not. That somebody
 *         goes on without knowing what is lost must be their own decision.
 */
async function recoverJournals({ files, dir }: PublisherOptions, publisher: Publisher): Promise<void> {
  const { entries, damage, missing } = await readJournals(files, dir, publisher.size)
  const remedy = `keep a copy of what is left, and put empty files in place of ${journalNames.join(' and ')} to go on`
  if (missing.length > 0 && publisher.size > 0) {
    throw new LogError(
      'damaged',
      `${missing.join(' and ')} of ${dir} is missing, and entries may be with it: ${remedy}`,
    )
  }
  if (damage !== undefined) {
    throw new LogError(
      'damaged',
      `entry ${damage.index} was durable in the journal of ${dir} and is ${damage.kind} there: ${remedy}`,
    )
  }
  if (entries.length > 0) await publisher.publish(entries)
}

async function makeJournals(
  { files, dir, syncEveryMs }: LogOptions & PublisherOptions,
  bytes: number,
): Promise<[Journal, Journal]> {
  if (bytes < 128 << 10) throw new LogError('argument', `a journal needs at least 128 KiB, not ${bytes} bytes`)
  const zeros = new Uint8Array(bytes)
  const folder = new DurableFolder(files, dir)
  await folder.write(journalNames.map((path) => ({ path, data: zeros })))
  const open = async (name: string) =>
    syncEveryMs === undefined ? files.openSynced(join(dir, name)) : files.openCached(join(dir, name))
  const [first, second] = journalNames
  return [new Journal(await open(first), bytes), new Journal(await open(second), bytes)]
}
