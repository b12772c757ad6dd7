// Inclusion and consistency proofs: made as in RFC 6962 sections 2.1.1 and 2.1.2, checked as in RFC 9162 sections
// 2.1.3.2 and 2.1.4.2.
import { equalConstantTime as equal } from '#crypto'
import { emptyRoot, type Hash, nodeHash } from './merkle.ts'

/** Hash of the perfect subtree over the leaves `index * 2**level` to `(index + 1) * 2**level`. */
export type SubtreeHash = (level: number, index: number) => Promise<Hash>

/**
 * The path from a leaf up to the root: sibling of the leaf first.
 *
 * @param index  0 <= index < size
 */
export async function proveInclusion(index: number, size: number, subtree: SubtreeHash): Promise<Hash[]> {
  const path = async (start: number, end: number): Promise<Hash[]> => {
    if (end - start === 1) return []
    const middle = start + largestPowerBelow(end - start)
    return index < middle
      ? [...(await path(start, middle)), await rangeHash(middle, end, subtree)]
      : [...(await path(middle, end)), await rangeHash(start, middle, subtree)]
  }
  return path(0, size)
}

/** Whether `proof` shows that `leaf` is the leaf `index` of the tree of `size` leaves with this root. */
export function verifyInclusion(index: number, size: number, leaf: Hash, proof: readonly Hash[], root: Hash): boolean {
  if (index >= size) return false
  let position = index
  let last = size - 1
  let hash = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (isOdd(position) || position === last) {
      hash = nodeHash(sibling, hash)
      while (!isOdd(position) && position !== 0) [position, last] = [half(position), half(last)]
    } else {
      hash = nodeHash(hash, sibling)
    }
    ;[position, last] = [half(position), half(last)]
  }
  return last === 0 && equal(hash, root)
}

/**
 * What shows that the tree of `oldSize` leaves is the beginning of the tree of `newSize` leaves.
 *
 * @param oldSize  0 <= oldSize <= newSize; the proof for 0 and for equal sizes is empty
 */
export async function proveConsistency(oldSize: number, newSize: number, subtree: SubtreeHash): Promise<Hash[]> {
  const proof = async (start: number, end: number, isKnown: boolean): Promise<Hash[]> => {
    if (end === oldSize) return isKnown ? [] : [await rangeHash(start, end, subtree)]
    const middle = start + largestPowerBelow(end - start)
    return oldSize <= middle
      ? [...(await proof(start, middle, isKnown)), await rangeHash(middle, end, subtree)]
      : [...(await proof(middle, end, false)), await rangeHash(start, middle, subtree)]
  }
  return oldSize === 0 ? [] : proof(0, newSize, true)
}

/** Whether `proof` shows that the new tree was made from the old one by appending only. */
export function verifyConsistency(
  oldSize: number,
  newSize: number,
  oldRoot: Hash,
  newRoot: Hash,
  proof: readonly Hash[],
): boolean {
  if (oldSize > newSize) return false
  if (oldSize === newSize) return proof.length === 0 && equal(oldRoot, newRoot)
  if (oldSize === 0) return proof.length === 0 && equal(oldRoot, emptyRoot)

  const isPerfect = Math.log2(oldSize) % 1 === 0 && 2 ** Math.log2(oldSize) === oldSize
  const [first, ...rest] = isPerfect ? [oldRoot, ...proof] : proof
  if (first === undefined) return false
  let position = oldSize - 1
  let last = newSize - 1
  while (isOdd(position)) [position, last] = [half(position), half(last)]
  let [oldHash, newHash] = [first, first]
  for (const sibling of rest) {
    if (last === 0) return false
    if (isOdd(position) || position === last) {
      oldHash = nodeHash(sibling, oldHash)
      newHash = nodeHash(sibling, newHash)
      while (!isOdd(position) && position !== 0) [position, last] = [half(position), half(last)]
    } else {
      newHash = nodeHash(newHash, sibling)
    }
    ;[position, last] = [half(position), half(last)]
  }
  return last === 0 && equal(oldHash, oldRoot) && equal(newHash, newRoot)
}

/** Merkle tree hash of leaves start to end, where start is a multiple of the largest power of two below the length. */
async function rangeHash(start: number, end: number, subtree: SubtreeHash): Promise<Hash> {
  const length = end - start
  const power = largestPowerBelow(length)
  if (length === 1) return subtree(0, start)
  if (length === 2 * power) return subtree(Math.round(Math.log2(length)), start / length)
  return nodeHash(await rangeHash(start, start + power, subtree), await rangeHash(start + power, end, subtree))
}

/** The largest power of two smaller than n, for n >= 2 (and 1 for n = 1). */
function largestPowerBelow(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

function isOdd(n: number): boolean {
  return n % 2 === 1
}

function half(n: number): number {
  return Math.floor(n / 2)
}
