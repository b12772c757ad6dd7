// The folder of a log, for reading. Works while a writer is running: a partial tile that was replaced meanwhile is
// found in the wider one.
//
//   checkpoint             the newest signed checkpoint (C2SP tlog-checkpoint)
//   checkpoints            all checkpoints, one short line each (history.ts)
//   log.pub                the public keys, as C2SP verifier keys
//   tile/…                 entry bundles and hash tiles (C2SP tlog-tiles)
//   journal.0, journal.1   entries that are durable and not yet in the tree (journal.ts)
//   lock                   held by the writer
import { join } from 'node:path'
import { LogError } from './error.ts'
import type { LogFiles } from './files.ts'
import { type JournalTail, journalTail } from './journal.ts'
import { type Hash, joinPeaks, peaksOf } from './tlog/merkle.ts'
import { parseNote, parseVerifierKeys, type VerifierKey } from './tlog/note.ts'
import type { SubtreeHash } from './tlog/proofs.ts'
import { decodeBundle, decodeTile, partialWidth, tilePath, tileWidth } from './tlog/tiles.ts'
import { type Edge, levelsOf } from './tree.ts'

export const journalNames = ['journal.0', 'journal.1'] as const

/** The note of the newest checkpoint; undefined when there is none. @throws LogError `signature` when it is no note */
export async function readCheckpointNote(files: LogFiles, dir: string): Promise<string | undefined> {
  const path = join(dir, 'checkpoint')
  const note = textOf(await files.read(path))
  try {
    if (note !== undefined) parseNote(note)
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    throw new LogError(error.code, `${path} is damaged: ${error.message}`, error)
  }
  return note
}

/**
 * The keys that the folder itself names.
 * @throws LogError `not_found`, `signature`
 */
export async function readPublicKeys(files: LogFiles, dir: string): Promise<VerifierKey[]> {
  const text = textOf(await files.read(join(dir, 'log.pub')))
  if (text === undefined) throw new LogError('not_found', `there is no log in ${dir}`)
  return parseVerifierKeys(text)
}

/**
 * The first `width` hashes of a tile (more when somebody made it longer); undefined when it is not there or cut.
 */
export async function readTile(
  files: LogFiles,
  dir: string,
  level: number,
  index: number,
  width: number,
): Promise<Hash[] | undefined> {
  const found = await readWide(files, dir, level, index, width, async (bytes) => decodeTile(bytes))
  return found === undefined || found.length < width ? undefined : found
}

/**
 * The entries of a bundle: `width` of them, or all that are there when the bundle has exactly this width in its name
 * (so a tampered bundle shows itself as shorter or longer); undefined when it is not there.
 *
 * @throws LogError `damaged` when it does not parse
 */
export async function readBundle(
  files: LogFiles,
  dir: string,
  index: number,
  width: number,
): Promise<Uint8Array[] | undefined> {
  return readWide(files, dir, 'entries', index, width, async (bytes) => decodeBundle(bytes))
}

async function readWide<T>(
  files: LogFiles,
  dir: string,
  level: number | 'entries',
  index: number,
  width: number,
  decode: (bytes: Uint8Array) => Promise<T[]>,
): Promise<T[] | undefined> {
  const exact = await files.read(join(dir, tilePath(level, index, width)))
  if (exact !== undefined) return decode(exact)
  const full = width < tileWidth ? await files.read(join(dir, tilePath(level, index))) : undefined
  if (full !== undefined) return (await decode(full)).slice(0, width)
  for (const wider of await partialWidths(files, dir, level, index)) {
    const bytes = wider > width ? await files.read(join(dir, tilePath(level, index, wider))) : undefined
    if (bytes !== undefined) return (await decode(bytes)).slice(0, width)
  }
  return undefined
}

/** Widths of the partial versions of a tile that are there, ascending. */
export async function partialWidths(
  files: LogFiles,
  dir: string,
  level: number | 'entries',
  index: number,
): Promise<number[]> {
  const names = await files.list(join(dir, `${tilePath(level, index)}.p`))
  const widths = names.filter((name) => /^[1-9]\d{0,2}$/.test(name)).map(Number)
  return widths.sort((a, b) => a - b)
}

/**
 * The right edge of the tree of a size, as it is on disk.
 * @throws LogError `damaged` when a tile or the last bundle is not there
 */
export async function readEdge(files: LogFiles, dir: string, size: number): Promise<Edge> {
  const readingTiles = levelsOf(size).map(async (level) => {
    const width = partialWidth(size, level)
    if (width === 0) return []
    const index = Math.floor(size / tileWidth ** (level + 1))
    const tile = await readTile(files, dir, level, index, width)
    if (tile === undefined) throw new LogError('damaged', `${tilePath(level, index, width)} is missing or cut`)
    return tile
  })
  // Before anything else is waited for: one that is missing must not be found while nobody looks.
  const tiles = await Promise.all(readingTiles)
  const width = partialWidth(size, 0)
  const index = Math.floor(size / tileWidth)
  const bundle = width === 0 ? [] : await readBundle(files, dir, index, width)
  if (bundle === undefined) throw new LogError('damaged', `${tilePath('entries', index, width)} is missing`)
  return { size, tiles, bundle }
}

/** What the journals hold beyond the first `size` entries, and the journals that are not there. */
export async function readJournals(
  files: LogFiles,
  dir: string,
  size: number,
): Promise<JournalTail & { readonly missing: readonly string[] }> {
  const contents = await Promise.all(journalNames.map((name) => files.read(join(dir, name))))
  const found = contents.filter((content) => content !== undefined)
  return { ...journalTail(found, size), missing: journalNames.filter((_, at) => contents[at] === undefined) }
}

/**
 * Hashes of perfect subtrees, from the tiles of a tree of this size.
 * The returned function throws LogError `damaged` for a tile that is not there.
 */
export function subtreesFromTiles(files: LogFiles, dir: string, size: number): SubtreeHash {
  return async (level, index) => {
    const tileLevel = Math.floor(level / 8)
    const count = 2 ** (level % 8)
    const first = index * count
    const tileIndex = Math.floor(first / tileWidth)
    const width = Math.min(tileWidth, Math.floor(size / tileWidth ** tileLevel) - tileIndex * tileWidth)
    const tile = await readTile(files, dir, tileLevel, tileIndex, width)
    if (tile === undefined) throw new LogError('damaged', `${tilePath(tileLevel, tileIndex, width)} is missing or cut`)
    return joinPeaks(peaksOf(tile.slice(first % tileWidth, (first % tileWidth) + count)))
  }
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8')
}
