// One bundle against the tile of its leaf hashes: which of the two to believe, and what its entries claim to be.
import { parseEvent } from '../read.ts'
import { type Hash, joinPeaks, leafHash, peaksOf } from '../tlog/merkle.ts'

export interface JudgedBundle {
  /** The leaf hashes to go on with. */
  readonly leaves: readonly Hash[]
  /** What each found entry claims to be; undefined for one that is not what it claims. */
  readonly claims: readonly (number | undefined)[]
  /** The tile is missing or wrong while the entries are right. */
  readonly isTileWrong: boolean
}

/**
 * @param start       index of the first entry of the bundle
 * @param width       entries that it should have
 * @param parentHash  what the level above says of the whole bundle; undefined when nothing is known
 */
export function judgeBundle(
  entries: readonly Uint8Array[],
  tile: readonly Hash[] | undefined,
  start: number,
  width: number,
  parentHash: Hash | undefined,
): JudgedBundle {
  const leaves = entries.map(leafHash)
  const sequences = () => entries.map(sequenceOf)
  if (tile === undefined) return { leaves, claims: sequences(), isTileWrong: true }

  const isSame = leaves.length === tile.length && leaves.every((leaf, at) => areEqual(leaf, tile[at]))
  if (isSame) return { leaves, claims: sequences(), isTileWrong: false }

  const isRightAbove = leaves.length === width && areEqual(joinPeaks(peaksOf(leaves)), parentHash)
  if (isRightAbove) return { leaves, claims: sequences(), isTileWrong: true }

  const places = new Map(tile.map((hash, at) => [hex(hash), start + at]))
  const claims = entries.map((entry, at) => {
    const place = places.get(hex(leaves[at] ?? entry))
    if (place !== undefined) return place
    // It is none of this tile's entries, so a number of this tile is a false claim.
    const sequence = sequenceOf(entry)
    return sequence !== undefined && sequence >= start && sequence < start + width ? undefined : sequence
  })
  return { leaves: tile, claims, isTileWrong: false }
}

/** The index that an entry says it has. */
export function sequenceOf(entry: Uint8Array): number | undefined {
  const sequence = parseEvent(entry)?.metadata.sequence
  return Number.isSafeInteger(sequence) ? sequence : undefined
}

function areEqual(a: Hash, b: Hash | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
