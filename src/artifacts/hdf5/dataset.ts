// What is looked at in a data set: where its elements come from, how they are packed, how many they are said to be, and
// what they hold where that may be more than numbers.
import { ArtifactError } from '../error.ts'
import type { Examination } from '../format.ts'
import { hiddenIn, hiddenProgram } from '../hidden.ts'
import { bytesSource } from '../source.ts'
import { shown } from '../text.ts'
import { storedBytes } from './content.ts'
import { bytesAt, type Hdf5File, numberAt, textAt } from './file.ts'
import { type HeaderMessage, messageType } from './header.ts'
import { type Extent, everyGlobalObject, type GlobalHeaps, localHeap } from './heaps.ts'
import {
  type Datatype,
  type Filter,
  type Layout,
  readDataspace,
  readDatatype,
  readExternalFiles,
  readFilters,
  readLayout,
} from './messages.ts'
import * as rules from './rules.ts'
import { examineValue } from './value.ts'
import { type Hdf5Object, resolveShared } from './walk.ts'

export function examineDataset(examination: Examination, file: Hdf5File, heaps: GlobalHeaps, object: Hdf5Object): void {
  const { report, source } = examination
  const path = shown(object.path)
  const message = (type: number) => object.messages.find((each) => each.type === type)
  const body = (found: HeaderMessage) => (found.isShared ? resolveShared(file, found.body, found.type) : found.body)
  for (const each of object.messages)
    if (each.type === messageType.externalFiles) examineExternalFiles(examination, file, each, path)
  const filtersAt = message(messageType.filters)
  const filters = filtersAt === undefined ? [] : readFilters(body(filtersAt))
  for (const filter of filters) examineFilter(examination, filter, path)
  const layoutAt = message(messageType.layout)
  const typeAt = message(messageType.datatype)
  const spaceAt = message(messageType.dataspace)
  if (layoutAt === undefined || typeAt === undefined || spaceAt === undefined) return
  const layout = readLayout(layoutAt.body, file)
  const datatype = readDatatype(body(typeAt))
  const { elements, dimensions } = readDataspace(body(spaceAt), file)
  const offset = file.base + object.address
  if (layout.kind === 'virtual') {
    examineVirtual(examination, file, heaps, layout, path, offset)
    return
  }
  const bytes = elements * datatype.size
  if (bytes > roomFrom && bytes > source.size * 1000) {
    const message = `The data set ${path} of ${dimensions.join(' × ')} elements would take ${bytes} bytes, the file has ${source.size}.`
    report({ rule: rules.impossibleSize, message, at: { offset, pointer: path }, subject: path })
    return
  }
  if (layout.kind === 'contiguous' && layout.address !== undefined && !hasExternalFiles(object)) {
    if (file.base + layout.address + bytes > source.size) {
      const message = `The data set ${path} reaches beyond the end of the file.`
      report({ rule: rules.lie, message, at: { offset, pointer: path }, subject: path })
      return
    }
  }
  if (elements > 0 && !hasExternalFiles(object))
    examineContent(examination, file, heaps, { layout, datatype, filters, bytes, path })
}

/** Keras refuses data sets more than 1000 times as large as what is stored of them. */
const roomFrom = 64 * 1024 * 1024

function hasExternalFiles({ messages }: Hdf5Object): boolean {
  return messages.some(({ type }) => type === messageType.externalFiles)
}

function examineExternalFiles(
  { report }: Examination,
  file: Hdf5File,
  { body, address }: HeaderMessage,
  path: string,
): void {
  let names = 'files that it does not name well'
  try {
    const { heap, names: offsets } = readExternalFiles(body, file)
    if (heap !== undefined)
      names = offsets
        .slice(0, 8)
        .map(localHeap(file, heap))
        .map((name) => shown(name))
        .join(', ')
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error
  }
  const message = `The elements of ${path} are read from ${names}.`
  report({ rule: rules.externalStorage, message, at: { offset: file.base + address, pointer: path }, subject: path })
}

/** Own ones of HDF5; LZO, bzip2 and BZIP of PyTables; and the range that the HDF Group gives out. */
function isKnownFilter(id: number): boolean {
  return (id >= 1 && id <= 6) || (id >= 305 && id <= 307) || (id >= 32_000 && id <= 32_767)
}

function examineFilter({ report }: Examination, { id, name }: Filter, path: string): void {
  if (isKnownFilter(id)) return
  const message = `The data set ${path} is packed by the filter ${id}${name === '' ? '' : ` (${shown(name)})`}.`
  report({ rule: rules.unknownFilter, message, at: { pointer: path }, subject: String(id) })
}

interface Content {
  readonly layout: Layout
  readonly datatype: Datatype
  readonly filters: readonly Filter[]
  readonly bytes: number
  readonly path: string
}

function examineContent(examination: Examination, file: Hdf5File, heaps: GlobalHeaps, content: Content): void {
  const { layout, datatype, filters, bytes, path } = content
  const pieces = () => storedBytes(file, layout, filters, datatype.size, bytes)
  if (datatype.kind === 'varying' || datatype.kind === 'varying-text') {
    for (const { address, length } of varyingObjects(file, heaps, pieces, datatype.size))
      examineValue(examination, bytesAt(file, address, length, 'an element'), path, '', file.base + address)
  } else if (datatype.kind === 'text' || datatype.kind === 'opaque') {
    for (const piece of readable(pieces))
      for (let at = 0; at < piece.length; at += Math.max(1, datatype.size)) {
        if (at % 4096 === 0) file.budget.checkTime()
        const element = piece.subarray(at, at + datatype.size)
        if (isWorthALook(element)) examineValue(examination, element, path, '', 0)
      }
  } else examineNumbers(examination, content, pieces)
}

/** What begins as pickles, JSON and programs begin, or ends as pickles end. */
function isWorthALook(element: Buffer): boolean {
  const first = element[0] ?? 0
  return (
    element.length >= 16 &&
    (first === 0x80 ||
      '(c{[#MP\x7fg!'.includes(String.fromCharCode(first)) ||
      element.includes('.\0') ||
      element.at(-1) === 0x2e)
  )
}

/** Numbers mean nothing; only what hides at their start is looked for. */
function examineNumbers({ report, enter }: Examination, { path }: Content, pieces: () => Iterable<Buffer>): void {
  const start: Buffer[] = []
  let length = 0
  for (const piece of readable(pieces)) {
    start.push(piece)
    length += piece.length
    if (length >= startLooked) break
  }
  const bytes = Buffer.concat(start)
  const found = hiddenIn(bytesSource(bytes), 0, bytes.length)
  if (found === undefined) return
  const message = `The data set ${path} begins as ${found}.`
  report({ rule: hiddenProgram, message, at: { pointer: path }, subject: path })
  enter(path, bytesSource(bytes), found === 'a pickle' ? 'pickle' : undefined)
}

const startLooked = 64 * 1024

/** The pieces that can be had: a filter that is not read here keeps the elements from being looked at, not the file. */
function* readable(pieces: () => Iterable<Buffer>): Generator<Buffer> {
  try {
    yield* pieces()
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.code !== 'unsupported') throw error
  }
}

/**
 * The objects that the elements refer to: each a length, the address of a global heap, and a number in it. Where the
 * references cannot be read, all objects of all global heaps of the file.
 */
function* varyingObjects(
  file: Hdf5File,
  heaps: GlobalHeaps,
  pieces: () => Iterable<Buffer>,
  size: number,
): Generator<Extent> {
  const seen = new Set<number>()
  try {
    for (const piece of pieces())
      for (let at = 0; at + size <= piece.length; at += size) {
        const object = referredTo(file, heaps, piece, at)
        if (object === undefined || seen.has(object.address)) continue
        seen.add(object.address)
        file.budget.checkTime()
        yield object
      }
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.code !== 'unsupported') throw error
    for (const object of everyGlobalObject(file)) if (!seen.has(object.address)) yield object
  }
}

/** @returns undefined for an empty element */
export function referredTo(file: Hdf5File, heaps: GlobalHeaps, bytes: Buffer, at: number): Extent | undefined {
  const { addressSize } = file
  if (at + 8 + addressSize > bytes.length) throw new ArtifactError('malformed', 'a reference is cut off')
  const collection = bytes.readUIntLE(at + 4, Math.min(6, addressSize)) === 0 ? 0 : numberAt(bytes, at + 4, addressSize)
  const index = bytes.readUInt32LE(at + 4 + addressSize)
  return collection === 0 || index === 0 ? undefined : heaps(collection, index)
}

/** The list of sources: for each a file, a data set in it, and which elements of it go where. */
function examineVirtual(
  { report, incomplete }: Examination,
  file: Hdf5File,
  heaps: GlobalHeaps,
  layout: Extract<Layout, { kind: 'virtual' }>,
  path: string,
  offset: number,
): void {
  if (layout.heap === undefined) return
  const { address, length } = heaps(layout.heap, layout.index)
  const list = bytesAt(file, address, length, 'a list of sources')
  const count = numberAt(list, 1, file.lengthSize)
  let at = 1 + file.lengthSize
  for (let index = 0; index < count; index++) {
    file.budget.checkTime()
    const name = textAt(list, at)
    if (name !== '.') {
      const message = `Elements of ${path} are read from ${shown(name)}.`
      report({ rule: rules.virtualDataset, message, at: { offset, pointer: path }, subject: path })
      return
    }
    const next = behindSelection(list, behindText(list, behindText(list, at)))
    const end = next === undefined ? undefined : behindSelection(list, next)
    if (end === undefined) {
      incomplete(`the sources of ${path} cannot all be read`, { offset })
      return
    }
    at = end
  }
}

function behindText(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(0, at)
  if (end < 0) throw new ArtifactError('malformed', 'a name of a source is cut off')
  return end + 1
}

/** Serialised selections (specification, section VIII.D). @returns undefined for kinds that are not known */
function behindSelection(bytes: Buffer, at: number): number | undefined {
  if (at + 13 > bytes.length) return undefined
  const kind = bytes.readUInt32LE(at)
  const version = bytes.readUInt32LE(at + 4)
  if (kind === 0 || kind === 3) return at + 16
  if (version === 1 && at + 16 <= bytes.length) return at + 16 + bytes.readUInt32LE(at + 12)
  if (kind !== 2) return undefined
  const isRegular = ((bytes[at + 8] ?? 0) & 1) !== 0
  if (version === 2) return at + 13 + bytes.readUInt32LE(at + 9)
  if (version !== 3 || !isRegular || at + 14 > bytes.length) return undefined
  return at + 14 + 4 * bytes.readUInt32LE(at + 10) * (bytes[at + 9] ?? 0)
}
