// The tiles above the leaves, recomputed from below and compared with what is stored.
import type { LogFiles } from '../files.ts'
import { readTile } from '../folder.ts'
import { type Hash, joinPeaks, peaksOf } from '../tlog/merkle.ts'
import { tilePath, tileWidth } from '../tlog/tiles.ts'
import { entriesText, type LogProblem } from './problem.ts'

/** Takes the roots of full bundles from left to right. Holds one tile a level. */
export class TileCheck {
  readonly #files: LogFiles
  readonly #dir: string
  readonly #size: number
  readonly #levels: { hashes: Hash[]; before: number }[] = []
  readonly problems: LogProblem[] = []

  constructor(files: LogFiles, dir: string, size: number) {
    this.#files = files
    this.#dir = dir
    this.#size = size
  }

  /** @param level  1 for the root of a bundle */
  async add(level: number, hash: Hash): Promise<void> {
    const state = this.#levels[level] ?? { hashes: [], before: 0 }
    this.#levels[level] = state
    state.hashes.push(hash)
    if (state.hashes.length < tileWidth) return
    await this.#compare(level, state.before, state.hashes)
    const root = joinPeaks(peaksOf(state.hashes))
    this.#levels[level] = { hashes: [], before: state.before + 1 }
    await this.add(level + 1, root)
  }

  async finish(): Promise<void> {
    for (const [level, state] of this.#levels.entries()) {
      if (state !== undefined && state.hashes.length > 0) await this.#compare(level, state.before, state.hashes)
    }
  }

  async #compare(level: number, index: number, hashes: readonly Hash[]): Promise<void> {
    const path = tilePath(level, index, hashes.length)
    const stored = await readTile(this.#files, this.#dir, level, index, hashes.length)
    const covers = (at: number) => Math.min(this.#size, (index * tileWidth + at) * tileWidth ** level)
    if (stored === undefined) {
      const message = `${path} is missing or cut`
      this.problems.push({ kind: 'tile', index: covers(0), end: covers(hashes.length), message })
      return
    }
    for (const [at, hash] of hashes.entries()) {
      if (Buffer.compare(hash, stored[at] ?? emptyHash) === 0) continue
      const [from, end] = [covers(at), covers(at + 1)]
      this.problems.push({ kind: 'tile', index: from, end, message: `${path} does not fit ${entriesText(from, end)}` })
    }
  }
}

const emptyHash = new Uint8Array()
