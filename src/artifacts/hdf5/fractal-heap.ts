// Fractal heaps (specification, section III.G): where newer files keep the links of large groups and many attributes.
// Objects lie in direct blocks, which lie in rows of doubling size under indirect blocks.
import { ArtifactError } from '../error.ts'
import { bytesAt, expectSignature, type Hdf5File, numberAt, unsigned } from './file.ts'
import { checked } from './header.ts'
import { bytesFor, recordsOf } from './trees.ts'

/** @returns the object that a heap id names */
export type FractalHeap = (id: Buffer) => { readonly bytes: Buffer; readonly address: number }

const maxDepth = 64

export function fractalHeap(file: Hdf5File, address: number): FractalHeap {
  const { addressSize: wide, lengthSize: long } = file
  const length = 22 + 12 * long + 3 * wide + 4
  const head = bytesAt(file, address, length, 'a fractal heap')
  expectSignature(head, 'FRHP', address)
  const filterBytes = head.readUInt16LE(7)
  if (filterBytes !== 0) throw new ArtifactError('unsupported', 'a fractal heap that is compressed', address)
  checked(file, head, 'a fractal heap', address)
  const largestManaged = head.readUInt32LE(10)
  const hugeTree = unsigned(head, 14 + long, wide)
  const table = 14 + 10 * long + 2 * wide
  const width = head.readUInt16LE(table)
  const startSize = numberAt(head, table + 2, long)
  const largestDirect = numberAt(head, table + 2 + long, long)
  const heapBits = head.readUInt16LE(table + 2 + 2 * long)
  const root = unsigned(head, table + 6 + 2 * long, wide)
  const rows = head.readUInt16LE(table + 6 + 2 * long + wide)
  if (width === 0 || startSize === 0 || largestDirect < startSize || heapBits > 64)
    throw new ArtifactError('malformed', 'a fractal heap of impossible measures', address)
  const offsetSize = Math.ceil(heapBits / 8)
  const lengthSize = Math.min(bytesFor(largestDirect), bytesFor(largestManaged))
  const directRows = Math.log2(largestDirect) - Math.log2(startSize) + 2
  const blockHead = 5 + wide + offsetSize

  return (id) => {
    const kind = ((id[0] ?? 0) >> 4) & 3
    if (kind === 0) return managed(numberAt(id, 1, offsetSize), numberAt(id, 1 + offsetSize, lengthSize))
    if (kind === 1) return huge(id)
    if (kind === 2) return { bytes: id.subarray(1, 2 + ((id[0] ?? 0) & 15)), address }
    throw new ArtifactError('malformed', 'an object of a fractal heap of no known kind', address)
  }

  function managed(offset: number, size: number) {
    if (root === undefined) throw new ArtifactError('malformed', 'an object of an empty fractal heap', address)
    const block = rows === 0 ? { at: root, from: 0, size: startSize } : blockAt(root, rows, 0, offset, 0)
    const inside = offset - block.from
    if (inside < 0 || inside + size > block.size)
      throw new ArtifactError('malformed', 'an object reaches beyond its block', block.at)
    expectSignature(bytesAt(file, block.at, 4, 'a block'), 'FHDB', block.at)
    return { bytes: bytesAt(file, block.at + inside, size, 'an object of a fractal heap'), address: block.at + inside }
  }

  /** The direct block that holds the offset, under the indirect block at `at` that begins at `from`. */
  function blockAt(
    at: number,
    rowCount: number,
    from: number,
    offset: number,
    depth: number,
  ): { readonly at: number; readonly from: number; readonly size: number } {
    if (depth > maxDepth) throw new ArtifactError('over_limit', 'limit reached: depth of a fractal heap', at)
    expectSignature(bytesAt(file, at, 4, 'a block'), 'FHIB', at)
    let rowFrom = from
    for (let row = 0; row < rowCount; row++) {
      const size = row === 0 ? startSize : startSize * 2 ** (row - 1)
      if (offset < rowFrom + size * width) {
        const column = Math.floor((offset - rowFrom) / size)
        const child = numberAt(bytesAt(file, at + blockHead + (row * width + column) * wide, wide, 'a block'), 0, wide)
        const childFrom = rowFrom + column * size
        if (row < directRows) return { at: child, from: childFrom, size }
        return blockAt(child, Math.log2(size) - Math.log2(startSize * width) + 1, childFrom, offset, depth + 1)
      }
      rowFrom += size * width
    }
    throw new ArtifactError('malformed', 'an object outside of its fractal heap', at)
  }

  /** Too large for a block: a tree says where, by number. */
  function huge(id: Buffer) {
    if (hugeTree === undefined) throw new ArtifactError('malformed', 'a large object that is nowhere', address)
    const wanted = numberAt(id, 1, Math.min(long, id.length - 1))
    for (const record of recordsOf(file, hugeTree)) {
      if (record.length < wide + 2 * long || numberAt(record, wide + long, long) !== wanted) continue
      const place = numberAt(record, 0, wide)
      const size = numberAt(record, wide, long)
      if (size > file.budget.limits.memberBytes) throw new ArtifactError('over_limit', 'limit reached: a large object')
      return { bytes: bytesAt(file, place, size, 'a large object'), address: place }
    }
    throw new ArtifactError('malformed', 'a large object that is nowhere', address)
  }
}
