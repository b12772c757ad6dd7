// How the tree grows: from its right edge and new entries to the files that must be written, and the new edge.
import { type Hash, joinPeaks, leafHash, peaksOf } from './tlog/merkle.ts'
import { encodeBundle, encodeTile, partialWidth, tilePath, tileWidth } from './tlog/tiles.ts'

/** The rightmost partial tile of each level, and the entries of the rightmost partial bundle. */
export interface Edge {
  readonly size: number
  /** Level 0 first. A level that is full or not begun is empty. */
  readonly tiles: readonly (readonly Hash[])[]
  readonly bundle: readonly Uint8Array[]
}

export interface Growth {
  readonly edge: Edge
  /** Paths relative to the folder of the log. */
  readonly files: readonly { readonly path: string; readonly data: Uint8Array }[]
}

export const emptyEdge: Edge = { size: 0, tiles: [], bundle: [] }

/** The root of the whole tree: its perfect subtrees are all at its right edge. */
export function rootOf(edge: Edge): Hash {
  return joinPeaks(edge.tiles.toReversed().flatMap(peaksOf))
}

/** The edge after appending, with every tile and bundle that is new or has become wider. */
export function grow(edge: Edge, entries: readonly Uint8Array[]): Growth {
  const tiles = edge.tiles.map((tile) => [...tile])
  let bundle = [...edge.bundle]
  const files: { path: string; data: Uint8Array }[] = []

  const addHash = (level: number, hash: Hash, count: number): void => {
    const tile = tiles[level] ?? []
    tiles[level] = tile
    tile.push(hash)
    if (tile.length < tileWidth) return
    tiles[level] = []
    const index = Math.floor((count - 1) / tileWidth)
    files.push({ path: tilePath(level, index), data: encodeTile(tile) })
    addHash(level + 1, joinPeaks(peaksOf(tile)), index + 1)
  }

  let size = edge.size
  for (const entry of entries) {
    bundle.push(entry)
    size++
    if (bundle.length === tileWidth) {
      files.push({ path: tilePath('entries', size / tileWidth - 1), data: encodeBundle(bundle) })
      bundle = []
    }
    addHash(0, leafHash(entry), size)
  }

  if (bundle.length > 0) files.push({ path: partialPath(size, 'entries'), data: encodeBundle(bundle) })
  for (const [level, tile] of tiles.entries()) {
    const isAnotherTile = tileIndex(size, level) !== tileIndex(edge.size, level)
    const isWider = tile.length !== (edge.tiles[level]?.length ?? 0)
    if (tile.length > 0 && (isAnotherTile || isWider)) {
      files.push({ path: partialPath(size, level), data: encodeTile(tile) })
    }
  }
  return { edge: { size, tiles, bundle }, files }
}

/** Paths of all partial tiles that a tree of this size has. */
export function partialPaths(size: number): string[] {
  const levels = levelsOf(size).filter((level) => partialWidth(size, level) > 0)
  const tiles = levels.map((level) => partialPath(size, level))
  return partialWidth(size, 0) > 0 ? [...tiles, partialPath(size, 'entries')] : tiles
}

/** All partial tiles of an edge, and its partial bundle. */
export function edgeFiles(edge: Edge): Growth['files'] {
  const { size, tiles, bundle } = edge
  const partial = levelsOf(size).filter((level) => partialWidth(size, level) > 0)
  const files = partial.map((level) => ({ path: partialPath(size, level), data: encodeTile(tiles[level] ?? []) }))
  return bundle.length === 0 ? files : [...files, { path: partialPath(size, 'entries'), data: encodeBundle(bundle) }]
}

/** The levels that a tree of this size has begun. */
export function levelsOf(size: number): number[] {
  const levels: number[] = []
  for (let level = 0; Math.floor(size / tileWidth ** level) > 0; level++) levels.push(level)
  return levels
}

function partialPath(size: number, level: number | 'entries'): string {
  const height = level === 'entries' ? 0 : level
  return tilePath(level, tileIndex(size, height), partialWidth(size, height))
}

/** Index of the rightmost tile of a level, when that is partial. */
function tileIndex(size: number, level: number): number {
  return Math.floor(size / tileWidth ** (level + 1))
}
