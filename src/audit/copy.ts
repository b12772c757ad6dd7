// A copy of a log as of one checkpoint, for a backup: the entries, the public keys, the checkpoint and the history up to
// it. Hash tiles are left out, because they follow from the entries: `LogRebuild` makes them again, and finds out on
// the way whether the entries are those that the checkpoint was signed over.
import { join } from 'node:path'
import { DurableFolder } from './durable.ts'
import { LogError } from './error.ts'
import { diskFiles, type LogFiles } from './files.ts'
import { journalNames, readBundle, readCheckpointNote, textOf } from './folder.ts'
import { formatHistoryLine, historyPath, readHistory } from './history.ts'
import { openCheckpoint, parseCheckpointNote, type SignedCheckpoint } from './tlog/checkpoint.ts'
import { type CompactRange, compactRange, leafHash } from './tlog/merkle.ts'
import { parseVerifierKeys, type VerifierKey } from './tlog/note.ts'
import { decodeBundle, encodeBundle, tileWidth } from './tlog/tiles.ts'
import { type Edge, edgeFiles, emptyEdge, grow } from './tree.ts'

export interface LogCopy {
  readonly origin: string
  /** Entries under the checkpoint. */
  readonly size: number
  /** The files `checkpoint` and `log.pub` as they are. */
  readonly checkpoint: string
  readonly publicKeys: string
  /** The file `checkpoints` up to this checkpoint, in pieces. */
  history(): AsyncGenerator<Uint8Array>
  /** The entries in bundles of 256, as in tlog-tiles; the last one may have fewer. */
  bundles(): AsyncGenerator<Uint8Array>
}

/**
 * What there is to copy of a log under its newest checkpoint. Works while a writer is running.
 *
 * @throws LogError `not_found`; from the generators `damaged`
 */
export async function copyLog(dir: string, files: LogFiles = diskFiles): Promise<LogCopy> {
  const checkpoint = await readCheckpointNote(files, dir)
  const publicKeys = textOf(await files.read(join(dir, 'log.pub')))
  if (checkpoint === undefined || publicKeys === undefined) throw new LogError('not_found', `there is no log in ${dir}`)
  const { origin, size } = parseCheckpointNote(checkpoint)
  return {
    origin,
    size,
    checkpoint,
    publicKeys,
    history: () => historyUpTo(files, dir, size),
    bundles: () => bundlesUpTo(files, dir, size),
  }
}

const historyPieceBytes = 1 << 20

async function* historyUpTo(files: LogFiles, dir: string, size: number): AsyncGenerator<Uint8Array> {
  let piece = ''
  for await (const line of readHistory(files, dir)) {
    if (line === undefined) throw new LogError('damaged', `${historyPath(dir)} has a line that is none`)
    if (line.size > size) break
    piece += formatHistoryLine(line)
    if (piece.length < historyPieceBytes) continue
    yield Buffer.from(piece)
    piece = ''
  }
  if (piece !== '') yield Buffer.from(piece)
}

async function* bundlesUpTo(files: LogFiles, dir: string, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < size; start += tileWidth) {
    const width = Math.min(tileWidth, size - start)
    const entries = await readBundle(files, dir, start / tileWidth, width)
    if (entries?.length !== width) {
      throw new LogError('damaged', `entries ${start} to ${start + width - 1} are missing; run 'holdfast audit verify'`)
    }
    yield encodeBundle(entries)
  }
}

/** What a copied log is held against, from places that its owner trusts. */
export interface LogTrust {
  /** A checkpoint that was kept elsewhere: the copy must contain it. */
  readonly since?: string | undefined
  readonly keys?: readonly VerifierKey[] | undefined
}

/** Checks copied bundles, in order, against their checkpoint; in constant memory. */
export class LogCheck {
  readonly checkpoint: SignedCheckpoint
  readonly #since: { readonly size: number; readonly root: Uint8Array } | undefined
  readonly #range: CompactRange = compactRange()

  /**
   * @throws LogError `signature` when the checkpoint, or the one that was kept, is not signed by the keys; `damaged` when
   *         the copy is older than the checkpoint that was kept
   */
  constructor(note: string, publicKeys: string, { since, keys }: LogTrust = {}) {
    const own = parseVerifierKeys(publicKeys)
    this.checkpoint = openCheckpoint(note, own)
    if (keys !== undefined) openCheckpoint(note, keys)
    if (since === undefined) return
    const kept = openCheckpoint(since, keys ?? own)
    if (kept.origin !== this.checkpoint.origin) {
      throw new LogError('signature', `the checkpoint that was kept is of the log ${kept.origin}`)
    }
    if (kept.size > this.checkpoint.size) {
      throw new LogError(
        'damaged',
        `the backup has the log up to ${this.checkpoint.size} entries, and the checkpoint that was kept is of ${kept.size}: ` +
          'to go on from here would take back what was published',
      )
    }
    this.#since = kept
    this.#compare()
  }

  /** @returns the entries of the bundle. @throws LogError `damaged` */
  add(bundle: Uint8Array): readonly Uint8Array[] {
    const entries = decodeBundle(bundle)
    const { size } = this.checkpoint
    if (entries.length !== Math.min(tileWidth, size - this.#range.size)) {
      throw new LogError('damaged', `the bundle at entry ${this.#range.size} has ${entries.length} entries`)
    }
    for (const entry of entries) {
      this.#range.add(leafHash(entry))
      this.#compare()
    }
    return entries
  }

  /** @throws LogError `damaged` when the entries are not those of the checkpoint */
  finish(): void {
    const { size, root } = this.checkpoint
    if (this.#range.size !== size || Buffer.compare(this.#range.root(), root) !== 0) {
      throw new LogError('damaged', `the ${this.#range.size} entries are not those of the checkpoint of ${size}`)
    }
  }

  #compare(): void {
    if (this.#since === undefined || this.#range.size !== this.#since.size) return
    if (Buffer.compare(this.#range.root(), this.#since.root) === 0) return
    throw new LogError('damaged', `the first ${this.#since.size} entries are not those of the checkpoint that was kept`)
  }
}

/** Makes the folder of a log again from a copy. It counts as a log only once `finish` has returned. */
export class LogRebuild {
  readonly #folder: DurableFolder
  readonly #files: LogFiles
  readonly #dir: string
  #edge: Edge = emptyEdge
  #historyEnd = 0

  constructor(dir: string, files: LogFiles = diskFiles) {
    this.#folder = new DurableFolder(files, dir)
    this.#files = files
    this.#dir = dir
  }

  async addHistory(piece: Uint8Array): Promise<void> {
    await this.#files.makeFolder(this.#dir)
    const file = await this.#files.open(historyPath(this.#dir))
    try {
      await file.write(piece, this.#historyEnd)
      await file.datasync()
    } finally {
      await file.close()
    }
    this.#historyEnd += piece.length
  }

  async addEntries(entries: readonly Uint8Array[]): Promise<void> {
    const { edge, files } = grow(this.#edge, entries)
    this.#edge = edge
    // What is not full yet is written once, at the end.
    await this.#folder.write(files.filter(({ path }) => !path.includes('.p/')))
  }

  /** Writes the right edge of the tree, and the checkpoint last. The journals are there and empty. */
  async finish(checkpoint: string, publicKeys: string): Promise<void> {
    const journals = journalNames.map((path) => ({ path, data: new Uint8Array() }))
    await this.#folder.write([...edgeFiles(this.#edge), ...journals])
    await this.#folder.write([{ path: 'log.pub', data: Buffer.from(publicKeys) }])
    await this.#folder.write([{ path: 'checkpoint', data: Buffer.from(checkpoint) }])
  }
}
