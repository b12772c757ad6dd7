// The elements of data sets whose elements may be more than numbers: texts, bytes and references into global heaps.
// Plain arrays of numbers are never read.
import { inflateSync } from 'node:zlib'
import { ArtifactError } from '../error.ts'
import { bytesAt, type Hdf5File, numberAt } from './file.ts'
import type { Filter, Layout } from './messages.ts'
import { leavesOf } from './trees.ts'

const deflate = 1
const shuffle = 2
const fletcher32 = 3

/**
 * What is stored, piece by piece.
 *
 * @param elementSize  bytes, for the filter that reorders them
 * @yields the bytes of a chunk, or of everything, unpacked
 * @throws ArtifactError `unsupported` for other filters and for indices of chunks that are not trees of version 1
 */
export function* storedBytes(
  file: Hdf5File,
  layout: Layout,
  filters: readonly Filter[],
  elementSize: number,
  expected: number,
): Generator<Buffer> {
  if (layout.kind === 'compact') yield layout.data
  else if (layout.kind === 'contiguous') {
    if (layout.address === undefined) return
    const length = Math.min(expected, layout.length ?? expected)
    // In pieces that hold whole elements.
    const step = Math.max(1, Math.floor(pieceBytes / Math.max(1, elementSize))) * Math.max(1, elementSize)
    for (let at = 0; at < length; at += step)
      yield bytesAt(file, layout.address + at, Math.min(step, length - at), 'a data set')
  } else if (layout.kind === 'chunked') {
    if (!layout.isListed) throw new ArtifactError('unsupported', 'chunks that are not in a tree')
    if (layout.tree === undefined) return
    for (const { key, child } of leavesOf(file, layout.tree, 1, 8 + 8 * layout.rank)) {
      file.budget.spendEntry()
      yield unfiltered(file, bytesAt(file, child, numberAt(key, 0, 4), 'a chunk'), key.readUInt32LE(4), filters)
    }
  }
}

const pieceBytes = 1024 * 1024

function unfiltered(file: Hdf5File, stored: Buffer, mask: number, filters: readonly Filter[]): Buffer {
  let bytes = stored
  for (let index = filters.length - 1; index >= 0; index--) {
    const filter = filters[index]
    if (filter === undefined || (mask & (1 << index)) !== 0) continue
    if (filter.id === deflate) bytes = inflated(file, bytes)
    else if (filter.id === shuffle) bytes = unshuffled(bytes, filter.values[0] ?? 1)
    else if (filter.id === fletcher32) bytes = bytes.subarray(0, Math.max(0, bytes.length - 4))
    else throw new ArtifactError('unsupported', `a filter of number ${filter.id}, which is not read here`)
  }
  return bytes
}

function inflated(file: Hdf5File, packed: Buffer): Buffer {
  const limit = file.budget.limits.memberBytes
  try {
    const bytes = inflateSync(packed, { maxOutputLength: limit })
    file.budget.spendUnpacked(packed.length, bytes.length)
    return bytes
  } catch (error) {
    if (error instanceof ArtifactError) throw error
    const isTooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    if (isTooLong) throw new ArtifactError('over_limit', `limit reached: a chunk of more than ${limit} bytes`)
    throw new ArtifactError('malformed', 'a chunk is damaged')
  }
}

/** First bytes of all elements, then the second ones, …: back to one element after the other. */
function unshuffled(bytes: Buffer, size: number): Buffer {
  if (size <= 1) return bytes
  const count = Math.floor(bytes.length / size)
  const result = Buffer.from(bytes)
  for (let part = 0; part < size; part++)
    for (let index = 0; index < count; index++) result[index * size + part] = bytes[part * count + index] ?? 0
  return result
}
