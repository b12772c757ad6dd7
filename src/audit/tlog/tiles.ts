// Names and contents of the files of a log: C2SP tlog-tiles (https://c2sp.org/tlog-tiles).
import { LogError } from '../error.ts'
import { type Hash, hashBytes } from './merkle.ts'

/** Hashes in a full tile, entries in a full bundle. */
export const tileWidth = 256
/** An entry is stored behind a 16-bit length. */
export const maxEntryBytes = 65_535

/**
 * Path of a tile or, for level `entries`, of a bundle, relative to the log's folder.
 *
 * @param width  1 to 256; less than 256 is a partial tile
 */
export function tilePath(level: number | 'entries', index: number, width = tileWidth): string {
  const digits = `${index}`.padStart(Math.ceil(`${index}`.length / 3) * 3, '0')
  const groups = digits.match(/.{3}/g) ?? []
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${name}${width === tileWidth ? '' : `.p/${width}`}`
}

/** Hashes in the rightmost tile of a level in a tree of `size` entries; 0 when that tile is full or not begun. */
export function partialWidth(size: number, level: number): number {
  return Math.floor(size / tileWidth ** level) % tileWidth
}

export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bundle = Buffer.allocUnsafe(entries.reduce((total, entry) => total + 2 + entry.length, 0))
  let at = 0
  for (const entry of entries) {
    at = bundle.writeUInt16BE(entry.length, at)
    bundle.set(entry, at)
    at += entry.length
  }
  return bundle
}

/**
 * The entries of a bundle.
 *
 * @throws LogError `damaged` when the last length points past the end
 */
export function decodeBundle(bundle: Uint8Array): Uint8Array[] {
  const view = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength)
  const entries: Uint8Array[] = []
  for (let at = 0; at < view.length; ) {
    const start = at + 2
    const end = start <= view.length ? start + view.readUInt16BE(at) : Number.POSITIVE_INFINITY
    if (end > view.length) throw new LogError('damaged', `the bundle is cut in its entry ${entries.length}`)
    entries.push(view.subarray(start, end))
    at = end
  }
  return entries
}

export function encodeTile(hashes: readonly Hash[]): Uint8Array {
  return Buffer.concat(hashes)
}

/** The whole hashes in a tile; a cut one at the end is left out. */
export function decodeTile(tile: Uint8Array): Hash[] {
  const count = Math.floor(tile.length / hashBytes)
  return Array.from({ length: count }, (_, at) => tile.subarray(at * hashBytes, (at + 1) * hashBytes))
}
