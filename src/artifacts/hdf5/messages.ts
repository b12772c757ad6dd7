// What the messages of an object header say (specification, section IV.A.2), as far as it is looked at here.
import { ArtifactError } from '../error.ts'
import { type Hdf5File, numberAt, textAt, unsigned } from './file.ts'

export interface Dataspace {
  readonly dimensions: readonly number[]
  /** Elements in all; may be beyond any memory. */
  readonly elements: number
}

export function readDataspace(body: Buffer, { lengthSize }: Hdf5File): Dataspace {
  const [version = 0, rank = 0, , kind = 1] = body
  if (version < 1 || version > 2) throw new ArtifactError('unsupported', `a dataspace of version ${version}`)
  if (rank > 32) throw new ArtifactError('malformed', `a dataspace of ${rank} dimensions`)
  if (version === 2 && kind === 2) return { dimensions: [], elements: 0 }
  const start = version === 1 ? 8 : 4
  const dimensions = Array.from({ length: rank }, (_, index) => {
    return unsigned(body, start + index * lengthSize, lengthSize) ?? Number.MAX_SAFE_INTEGER
  })
  return { dimensions, elements: dimensions.reduce((product, length) => product * length, 1) }
}

export interface Datatype {
  readonly kind:
    | 'number'
    | 'text'
    | 'opaque'
    | 'varying-text'
    | 'varying'
    | 'reference'
    | 'compound'
    | 'array'
    | 'other'
  /** Bytes of an element, as it is stored. */
  readonly size: number
}

const classes = ['number', 'number', 'other', 'text', 'number', 'opaque', 'compound', 'reference', 'number'] as const

export function readDatatype(body: Buffer): Datatype {
  if (body.length < 8) throw new ArtifactError('malformed', 'a datatype is cut off')
  const number = (body[0] ?? 0) & 15
  const size = body.readUInt32LE(4)
  if (number === 9) return { kind: ((body[1] ?? 0) & 15) === 1 ? 'varying-text' : 'varying', size }
  if (number === 10) return { kind: 'array', size }
  const kind = classes[number]
  if (kind === undefined) throw new ArtifactError('unsupported', `a datatype of class ${number}`)
  return { kind, size }
}

export type Layout =
  | { readonly kind: 'compact'; readonly data: Buffer }
  | { readonly kind: 'contiguous'; readonly address: number | undefined; readonly length: number | undefined }
  /** With the tree that lists them, where it is one of version 1. */
  | { readonly kind: 'chunked'; readonly tree: number | undefined; readonly isListed: boolean; readonly rank: number }
  | { readonly kind: 'virtual'; readonly heap: number | undefined; readonly index: number }

export function readLayout(body: Buffer, { addressSize, lengthSize }: Hdf5File): Layout {
  const version = body[0] ?? 0
  if (version === 1 || version === 2) {
    const [, rank = 0, kind = 0] = body
    if (kind === 0) {
      const sizeAt = 8 + 4 * rank
      const size = numberAt(body, sizeAt, 4)
      return { kind: 'compact', data: body.subarray(sizeAt + 4, sizeAt + 4 + size) }
    }
    const address = unsigned(body, 8, addressSize)
    if (kind === 1) return { kind: 'contiguous', address, length: undefined }
    return { kind: 'chunked', tree: address, isListed: true, rank }
  }
  if (version < 3 || version > 5) throw new ArtifactError('unsupported', `a layout of version ${version}`)
  const kind = body[1] ?? 0
  if (kind === 0) return { kind: 'compact', data: body.subarray(4, 4 + numberAt(body, 2, 2)) }
  if (kind === 1) {
    const length = unsigned(body, 2 + addressSize, lengthSize)
    return { kind: 'contiguous', address: unsigned(body, 2, addressSize), length }
  }
  if (kind === 3) {
    return { kind: 'virtual', heap: unsigned(body, 2, addressSize), index: body.readUInt32LE(2 + addressSize) }
  }
  if (kind !== 2) throw new ArtifactError('unsupported', `a layout of class ${kind}`)
  if (version === 3)
    return { kind: 'chunked', tree: unsigned(body, 3, addressSize), isListed: true, rank: body[2] ?? 0 }
  return { kind: 'chunked', tree: undefined, isListed: false, rank: body[3] ?? 0 }
}

export interface Filter {
  readonly id: number
  readonly name: string
  readonly values: readonly number[]
}

export function readFilters(body: Buffer): readonly Filter[] {
  const [version = 0, count = 0] = body
  if (version < 1 || version > 2) throw new ArtifactError('unsupported', `filters of version ${version}`)
  const filters: Filter[] = []
  let at = version === 1 ? 8 : 2
  for (let index = 0; index < count; index++) {
    const id = numberAt16(body, at)
    const hasName = version === 1 || id >= 256
    const nameLength = hasName ? numberAt16(body, at + 2) : 0
    const valuesAt = at + (hasName ? 6 : 4)
    const valueCount = numberAt16(body, valuesAt)
    const nameAt = valuesAt + 2
    const padded = version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength
    const first = nameAt + padded
    const end = first + 4 * valueCount + (version === 1 && valueCount % 2 === 1 ? 4 : 0)
    if (first + 4 * valueCount > body.length) throw new ArtifactError('malformed', 'a filter is cut off')
    const values = Array.from({ length: valueCount }, (_, each) => body.readUInt32LE(first + 4 * each))
    filters.push({ id, name: nameLength === 0 ? '' : textAt(body.subarray(0, first), nameAt), values })
    at = end
  }
  return filters
}

function numberAt16(body: Buffer, at: number): number {
  if (at + 2 > body.length) throw new ArtifactError('malformed', 'a filter is cut off')
  return body.readUInt16LE(at)
}

export interface Attribute {
  readonly name: string
  /** The message of its datatype, or, when that is shared, where it is. */
  readonly datatype: Buffer
  readonly isDatatypeShared: boolean
  readonly dataspace: Buffer
  readonly isDataspaceShared: boolean
  readonly data: Buffer
}

export function readAttribute(body: Buffer): Attribute {
  if (body.length < 8) throw new ArtifactError('malformed', 'an attribute is cut off')
  const [version = 0, flags = 0] = body
  if (version < 1 || version > 3) throw new ArtifactError('unsupported', `an attribute of version ${version}`)
  const pad = (size: number) => (version === 1 ? Math.ceil(size / 8) * 8 : size)
  const nameAt = version === 3 ? 9 : 8
  const typeAt = nameAt + pad(body.readUInt16LE(2))
  const spaceAt = typeAt + pad(body.readUInt16LE(4))
  const dataAt = spaceAt + pad(body.readUInt16LE(6))
  if (dataAt > body.length) throw new ArtifactError('malformed', 'an attribute is cut off')
  return {
    name: textAt(body.subarray(0, typeAt), nameAt),
    datatype: body.subarray(typeAt, typeAt + body.readUInt16LE(4)),
    isDatatypeShared: version > 1 && (flags & 1) !== 0,
    dataspace: body.subarray(spaceAt, spaceAt + body.readUInt16LE(6)),
    isDataspaceShared: version > 1 && (flags & 2) !== 0,
    data: body.subarray(dataAt),
  }
}

export type Link =
  | { readonly kind: 'hard'; readonly name: string; readonly address: number }
  | { readonly kind: 'soft'; readonly name: string; readonly target: string }
  | { readonly kind: 'external'; readonly name: string; readonly file: string; readonly target: string }
  | { readonly kind: 'user-defined'; readonly name: string; readonly type: number }

export function readLink(body: Buffer, { addressSize }: Hdf5File): Link {
  const [version = 0, flags = 0] = body
  if (version !== 1) throw new ArtifactError('unsupported', `a link of version ${version}`)
  let at = 2
  const type = flags & 8 ? (body[at++] ?? 0) : 0
  if (flags & 4) at += 8
  if (flags & 16) at += 1
  const width = 1 << (flags & 3)
  const length = numberAt(body, at, width)
  at += width
  if (at + length > body.length) throw new ArtifactError('malformed', 'a link is cut off')
  const name = body.toString('utf8', at, at + length)
  at += length
  if (type === 0) return { kind: 'hard', name, address: numberAt(body, at, addressSize) }
  if (at + 2 > body.length) throw new ArtifactError('malformed', 'a link is cut off')
  const value = body.subarray(at + 2, at + 2 + body.readUInt16LE(at))
  if (type === 1) return { kind: 'soft', name, target: value.toString('utf8') }
  if (type !== 64) return { kind: 'user-defined', name, type }
  const file = textAt(value, 1)
  const second = value.indexOf(0, 1) + 1
  return { kind: 'external', name, file, target: second === 0 ? '' : textAt(value, second) }
}

export interface ExternalFiles {
  readonly heap: number | undefined
  /** Offsets of their names in the heap. */
  readonly names: readonly number[]
}

export function readExternalFiles(body: Buffer, { addressSize, lengthSize }: Hdf5File): ExternalFiles {
  if (body.length < 8 + addressSize) throw new ArtifactError('malformed', 'a list of files is cut off')
  const used = body.readUInt16LE(6)
  const start = 8 + addressSize
  const names: number[] = []
  for (let index = 0; index < used; index++) {
    const at = start + index * 3 * lengthSize
    if (at + lengthSize > body.length) break
    names.push(numberAt(body, at, lengthSize))
  }
  return { heap: unsigned(body, 8, addressSize), names }
}
