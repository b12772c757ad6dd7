// From durable entries to a signed tree: bundles and tiles first, then the checkpoint over them, then the history.
// At each step a crash leaves either the old checkpoint, under which the new files do not count yet, or the new one.
import { dirname, join } from 'node:path'
import type { SigningKeys } from '#crypto'
import { DurableFolder } from './durable.ts'
import type { LogFiles } from './files.ts'
import { historyLine, historyPath } from './history.ts'
import { type Checkpoint, signCheckpoint, verifierKeys } from './tlog/checkpoint.ts'
import { type Edge, grow, partialPaths, rootOf } from './tree.ts'

export interface PublisherOptions {
  readonly files: LogFiles
  readonly dir: string
  readonly origin: string
  readonly keys: SigningKeys
  /** ms since the epoch. */
  readonly now: () => number
}

/** Owns the tree on disk. One call at a time. */
export class Publisher {
  readonly #options: PublisherOptions
  readonly #folder: DurableFolder
  #edge: Edge
  #historyEnd: number
  #signedAt: number | undefined
  /** Partial tiles that only the checkpoint before the newest one needs. */
  #outdated: string[]

  /** @param outdated  paths of partial tiles that no checkpoint needs any more */
  constructor(options: PublisherOptions, edge: Edge, historyEnd: number, outdated: readonly string[]) {
    this.#options = options
    this.#folder = new DurableFolder(options.files, options.dir)
    this.#edge = edge
    this.#historyEnd = historyEnd
    this.#outdated = [...outdated]
  }

  /** Entries in the tree, under a durable checkpoint. */
  get size(): number {
    return this.#edge.size
  }

  /** When the newest checkpoint of this object was signed, ms since the epoch. */
  get signedAt(): number | undefined {
    return this.#signedAt
  }

  /** Appends entries to the tree under a new checkpoint. When it rejects, nothing counts and it can be called again. */
  async publish(entries: readonly Uint8Array[]): Promise<void> {
    const { edge, files } = grow(this.#edge, entries)
    await this.#folder.write(files)
    await this.#sign(edge)
    const before = this.#edge.size
    this.#edge = edge
    await this.#removeOutdated(partialPaths(before), new Set(partialPaths(edge.size)))
  }

  /** Signs the tree as it is: the first checkpoint of a new log. */
  async signEmpty(): Promise<void> {
    await this.#sign(this.#edge)
  }

  /** Puts a checkpoint into the history that a crash kept out of it. */
  async completeHistory(checkpoint: Checkpoint, note: string): Promise<void> {
    const { files, dir, origin, keys } = this.#options
    const line = Buffer.from(historyLine(checkpoint, note, verifierKeys(origin, keys).ed25519.id))
    const history = await files.open(historyPath(dir))
    try {
      await history.write(line, this.#historyEnd)
      await history.datasync()
    } finally {
      await history.close()
    }
    if (this.#historyEnd === 0) await files.syncFolder(dir)
    this.#historyEnd += line.length
  }

  async #sign(edge: Edge): Promise<void> {
    const { origin, keys, now } = this.#options
    const checkpoint = { origin, size: edge.size, root: rootOf(edge) }
    const signedAt = now()
    const note = await signCheckpoint(checkpoint, keys, Math.floor(signedAt / 1000))
    await this.#folder.write([{ path: 'checkpoint', data: Buffer.from(note) }])
    await this.completeHistory(checkpoint, note)
    this.#signedAt = signedAt
  }

  /**
   * Keeps the partial tiles of the last two checkpoints, so that a reader that has just read the one before the
   * newest still finds its tiles. What cannot be removed now is harmless.
   */
  async #removeOutdated(previous: readonly string[], current: ReadonlySet<string>): Promise<void> {
    const { files, dir } = this.#options
    for (const path of this.#outdated) {
      if (current.has(path)) continue
      await files.remove(join(dir, path)).catch(() => {})
      // Empty once the tile is full; until then the newer partial tile is in it and it stays.
      await files.remove(dirname(join(dir, path))).catch(() => {})
    }
    this.#outdated = previous.filter((path) => !current.has(path))
  }
}
