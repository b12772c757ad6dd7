// The two simple heaps of HDF5 (specification, sections III.D and III.E): local ones for the names in old groups, and
// global ones for whatever has no fixed length.
import { ArtifactError } from '../error.ts'
import { bytesAt, expectSignature, type Hdf5File, numberAt, textAt } from './file.ts'

/** The data of a local heap, at most as much as names can be. */
export function localHeap(file: Hdf5File, address: number): (offset: number) => string {
  const { lengthSize, addressSize } = file
  const head = bytesAt(file, address, 8 + 2 * lengthSize + addressSize, 'a local heap')
  expectSignature(head, 'HEAP', address)
  const size = numberAt(head, 8, lengthSize)
  const start = numberAt(head, 8 + 2 * lengthSize, addressSize)
  if (size > file.budget.limits.memberBytes) throw new ArtifactError('over_limit', 'limit reached: a heap of names')
  const data = bytesAt(file, start, size, 'a local heap')
  return (offset) => {
    if (offset >= data.length) throw new ArtifactError('malformed', 'a name lies outside of its heap', address)
    return textAt(data, offset)
  }
}

export interface Extent {
  readonly address: number
  readonly length: number
}

/** Finds objects of global heaps, and remembers the heaps. */
export type GlobalHeaps = (collection: number, index: number) => Extent

export function globalHeaps(file: Hdf5File): GlobalHeaps {
  const collections = new Map<number, ReadonlyMap<number, Extent>>()
  return (collection, index) => {
    const known = collections.get(collection)
    const objects = known ?? objectsOf(file, collection)
    if (known === undefined) collections.set(collection, objects)
    const object = objects.get(index)
    if (object === undefined) throw new ArtifactError('malformed', `a global heap has no object ${index}`, collection)
    return object
  }
}

function objectsOf(file: Hdf5File, address: number): ReadonlyMap<number, Extent> {
  const { lengthSize } = file
  const head = bytesAt(file, address, 8 + lengthSize, 'a global heap')
  expectSignature(head, 'GCOL', address)
  const size = numberAt(head, 8, lengthSize)
  if (file.base + address + size > file.source.size)
    throw new ArtifactError('malformed', 'a global heap reaches beyond the end', address)
  const objects = new Map<number, Extent>()
  const prefix = 8 + lengthSize
  for (let at = head.length; at + prefix <= size; ) {
    file.budget.checkTime()
    const object = bytesAt(file, address + at, prefix, 'a global heap')
    const index = object.readUInt16LE(0)
    // Number 0 is the free space, which is the rest.
    if (index === 0) break
    const length = numberAt(object, 8, lengthSize)
    if (at + prefix + length > size) throw new ArtifactError('malformed', 'an object is larger than its heap', address)
    objects.set(index, { address: address + at + prefix, length })
    at += prefix + Math.ceil(length / 8) * 8
  }
  return objects
}

const windowLength = 4 * 1024 * 1024

/** All objects of all global heaps, found by their signature wherever they lie. */
export function* everyGlobalObject(file: Hdf5File): Generator<Extent> {
  const { source, base } = file
  for (let from = base; from < source.size; from += windowLength) {
    file.budget.checkTime()
    const bytes = source.read(from, windowLength + 8)
    const window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = window.indexOf(signature); at >= 0 && at < windowLength; at = window.indexOf(signature, at + 4))
      yield* objectsFoundAt(file, from + at - base)
  }
}

const signature = Buffer.from('GCOL\x01\0\0\0', 'latin1')

/** What only looks like a heap has none. */
function objectsFoundAt(file: Hdf5File, address: number): Iterable<Extent> {
  try {
    return objectsOf(file, address).values()
  } catch (error) {
    if (error instanceof ArtifactError && error.code === 'malformed') return []
    throw error
  }
}
