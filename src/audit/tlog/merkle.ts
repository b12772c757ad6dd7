// The Merkle tree of RFC 6962 section 2.1, with SHA-256. Sizes and indexes may be any safe integer, so nothing here
// uses 32-bit operators.
import { sha256 } from '#crypto'

/** 32 bytes. */
export type Hash = Uint8Array

export const hashBytes = 32
/** Root of the tree without leaves. */
export const emptyRoot: Hash = sha256('')

/** Hash of a leaf: SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array): Hash {
  const input = Buffer.allocUnsafe(1 + entry.length)
  input[0] = 0
  input.set(entry, 1)
  return sha256(input)
}

/** Hash of an inner node: SHA-256(0x01 || left || right). */
export function nodeHash(left: Hash, right: Hash): Hash {
  const input = Buffer.allocUnsafe(1 + 2 * hashBytes)
  input[0] = 1
  input.set(left, 1)
  input.set(right, 1 + hashBytes)
  return sha256(input)
}

/**
 * The perfect subtrees that a growing tree consists of, largest first: all that is needed to know its root.
 * At most 53 hashes, however many leaves were added.
 */
export interface CompactRange {
  readonly size: number
  add(hash: Hash): void
  root(): Hash
}

/** An empty range. Its leaves may also be the roots of subtrees, as long as all are of one size. */
export function compactRange(): CompactRange {
  const peaks: Hash[] = []
  let size = 0
  return {
    get size() {
      return size
    },
    add(hash) {
      addPeak(peaks, size, hash)
      size++
    },
    root: () => joinPeaks(peaks),
  }
}

/** The perfect subtrees over equally large subtrees, largest first. */
export function peaksOf(hashes: readonly Hash[]): Hash[] {
  const peaks: Hash[] = []
  hashes.forEach((hash, before) => {
    addPeak(peaks, before, hash)
  })
  return peaks
}

/** The root over perfect subtrees, largest first. */
export function joinPeaks(peaks: readonly Hash[]): Hash {
  const [last = emptyRoot, ...rest] = peaks.toReversed()
  return rest.reduce((right, left) => nodeHash(left, right), last)
}

/** Adding a leaf is adding one to a binary number: each 1 at its end is a subtree that the carry absorbs. */
function addPeak(peaks: Hash[], sizeBefore: number, hash: Hash): void {
  let carry = hash
  for (let bits = sizeBefore; bits % 2 === 1; bits = (bits - 1) / 2) carry = nodeHash(peaks.pop() ?? emptyRoot, carry)
  peaks.push(carry)
}
