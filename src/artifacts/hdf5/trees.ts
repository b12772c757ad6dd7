// The trees of HDF5 (specification, sections III.A and III.B): version 1 for old groups and chunks, version 2 for
// groups and attributes in fractal heaps.
import { ArtifactError } from '../error.ts'
import { bytesAt, expectSignature, type Hdf5File, numberAt, unsigned } from './file.ts'
import { checked } from './header.ts'

const maxDepth = 64

/**
 * The leaves of a tree of version 1.
 *
 * @param keySize  bytes of a key: of its kind of tree
 * @yields the key in front of each child of the lowest level, and the child's address
 */
export function* leavesOf(
  file: Hdf5File,
  root: number,
  kind: 0 | 1,
  keySize: number,
): Generator<{ readonly key: Buffer; readonly child: number }> {
  const seen = new Set<number>()
  const pending = [{ address: root, depth: 0 }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { address, depth } = next
    file.budget.checkTime()
    if (seen.has(address)) throw new ArtifactError('malformed', 'a tree contains itself', address)
    if (depth > maxDepth) throw new ArtifactError('over_limit', 'limit reached: depth of a tree', address)
    seen.add(address)
    const { addressSize } = file
    const head = bytesAt(file, address, 8 + 2 * addressSize, 'a tree')
    expectSignature(head, 'TREE', address)
    if (head[4] !== kind) throw new ArtifactError('malformed', 'a tree of another kind', address)
    const level = head[5] ?? 0
    const count = head.readUInt16LE(6)
    const step = keySize + addressSize
    const body = bytesAt(file, address + head.length, count * step, 'a tree')
    for (let index = 0; index < count; index++) {
      const key = body.subarray(index * step, index * step + keySize)
      const child = numberAt(body, index * step + keySize, addressSize)
      if (level > 0) pending.push({ address: child, depth: depth + 1 })
      else yield { key, child }
    }
  }
}

/** The records of a tree of version 2, each as its bytes. */
export function* recordsOf(file: Hdf5File, address: number): Generator<Buffer> {
  const { addressSize, lengthSize } = file
  const head = bytesAt(file, address, 22 + addressSize + lengthSize, 'a tree')
  expectSignature(head, 'BTHD', address)
  checked(file, head, 'a tree', address)
  const nodeSize = head.readUInt32LE(6)
  const recordSize = head.readUInt16LE(10)
  const depth = head.readUInt16LE(12)
  const root = unsigned(head, 16, addressSize)
  const count = head.readUInt16LE(16 + addressSize)
  if (root === undefined || count === 0) return
  if (recordSize === 0 || nodeSize < 32 || depth > maxDepth)
    throw new ArtifactError('malformed', 'a tree of impossible measures', address)
  const levels = levelsOf(nodeSize, recordSize, depth, addressSize)
  const seen = new Set<number>()
  const pending = [{ at: root, count, level: depth }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    file.budget.checkTime()
    if (seen.has(next.at)) throw new ArtifactError('malformed', 'a tree contains itself', next.at)
    seen.add(next.at)
    const node = bytesAt(file, next.at, nodeSize, 'a node of a tree')
    expectSignature(node, next.level === 0 ? 'BTLF' : 'BTIN', next.at)
    const bytes = next.count * recordSize
    const measures = levels[next.level]
    if (measures === undefined || 6 + bytes > nodeSize)
      throw new ArtifactError('malformed', 'a node of a tree with too many records', next.at)
    for (let index = 0; index < next.count; index++)
      yield node.subarray(6 + index * recordSize, 6 + (index + 1) * recordSize)
    if (next.level === 0) continue
    for (let index = 0; index <= next.count; index++) {
      const pointer = 6 + bytes + index * measures.pointerSize
      const child = numberAt(node, pointer, addressSize)
      const childCount = unsigned(node, pointer + addressSize, measures.countSize) ?? 0
      pending.push({ at: child, count: childCount, level: next.level - 1 })
    }
  }
}

/** How wide pointers and counts are at each level, as H5B2 computes it from what a node can hold. */
function levelsOf(nodeSize: number, recordSize: number, depth: number, addressSize: number) {
  const overhead = 10
  const leafRecords = Math.floor((nodeSize - overhead) / recordSize)
  const countSize = bytesFor(leafRecords)
  const levels = [{ pointerSize: 0, countSize, totalSize: 0 }]
  let total = leafRecords
  for (let level = 1; level <= depth; level++) {
    const pointerSize = addressSize + countSize + (levels[level - 1]?.totalSize ?? 0)
    const records = Math.floor((nodeSize - overhead - pointerSize) / (recordSize + pointerSize))
    total = (records + 1) * total + records
    levels.push({ pointerSize, countSize, totalSize: bytesFor(total) })
  }
  return levels
}

/** Bytes that a number up to `limit` takes. */
export function bytesFor(limit: number): number {
  return Math.floor(Math.log2(Math.max(1, limit)) / 8) + 1
}
