// The headers of a 7z archive (7zFormat.txt in the LZMA SDK): which bytes are packed how, and which files they make.
import { ArtifactError } from '../error.ts'

export interface Coder {
  /** The codec's id as hexadecimal digits: `21` LZMA2, `030101` LZMA. */
  readonly id: string
  readonly inputs: number
  readonly outputs: number
  readonly properties: Uint8Array
}

/** A chain of coders whose output is one or several files. */
export interface Folder {
  readonly coders: readonly Coder[]
  /** Which output feeds which input. */
  readonly bonds: readonly { readonly input: number; readonly output: number }[]
  /** The inputs that take packed streams. */
  readonly packedInputs: readonly number[]
  unpackSizes: number[]
  fileSizes: number[]
  hasChecksum: boolean
  /** The first of its packed streams. */
  readonly firstPacked: number
}

export interface Streams {
  /** From the end of the signature header. */
  packPosition: number
  packSizes: number[]
  folders: Folder[]
}

export interface SevenZipFile {
  readonly name: string
  readonly hasContent: boolean
  readonly isFolder: boolean
  readonly attributes: number
}

export interface SevenZipHeader {
  readonly streams: Streams
  readonly files: readonly SevenZipFile[]
}

const id = {
  end: 0,
  header: 1,
  archiveProperties: 2,
  additionalStreams: 3,
  mainStreams: 4,
  files: 5,
  packInfo: 6,
  unpackInfo: 7,
  subStreams: 8,
  size: 9,
  crc: 10,
  folder: 11,
  unpackSize: 12,
  countOfStreams: 13,
  emptyStream: 14,
  emptyFile: 15,
  names: 17,
  attributes: 21,
  encodedHeader: 23,
} as const

const maxItems = 1_000_000

/** What a header block begins with. @returns the streams that the real header is packed in, or the header itself */
export function readHeader(bytes: Buffer): { readonly encoded: Streams } | { readonly header: SevenZipHeader } {
  const reader = createReader(bytes)
  const kind = reader.byte()
  if (kind === id.encodedHeader) return { encoded: readStreams(reader) }
  if (kind !== id.header) throw malformed('no header')
  let streams: Streams = { packPosition: 0, packSizes: [], folders: [] }
  let files: SevenZipFile[] = []
  for (let property = reader.byte(); property !== id.end; property = reader.byte()) {
    if (property === id.mainStreams) streams = readStreams(reader)
    else if (property === id.additionalStreams) readStreams(reader)
    else if (property === id.files) files = readFiles(reader)
    else if (property === id.archiveProperties)
      for (let type = reader.byte(); type !== id.end; type = reader.byte()) reader.skip(reader.number())
    else throw malformed('a property that does not exist')
  }
  return { header: { streams, files } }
}

type Reader = ReturnType<typeof createReader>

function readStreams(reader: Reader): Streams {
  const streams: Streams = { packPosition: 0, packSizes: [], folders: [] }
  for (let property = reader.byte(); property !== id.end; property = reader.byte()) {
    if (property === id.packInfo) readPackInfo(reader, streams)
    else if (property === id.unpackInfo) readFolders(reader, streams)
    else if (property === id.subStreams) readSubStreams(reader, streams)
    else throw malformed('a property that does not exist')
  }
  return streams
}

function readPackInfo(reader: Reader, streams: Streams): void {
  streams.packPosition = reader.number()
  const count = reader.count()
  for (let property = reader.byte(); property !== id.end; property = reader.byte()) {
    if (property === id.size) streams.packSizes = Array.from({ length: count }, () => reader.number())
    else if (property === id.crc) reader.checksums(count)
    else throw malformed('a property that does not exist')
  }
}

function readFolders(reader: Reader, streams: Streams): void {
  if (reader.byte() !== id.folder) throw malformed('no list of folders')
  const count = reader.count()
  if (reader.byte() !== 0) throw new ArtifactError('unsupported', '7z with folders in another place')
  let firstPacked = 0
  for (let index = 0; index < count; index++) {
    const folder = readFolder(reader, firstPacked)
    firstPacked += folder.packedInputs.length
    streams.folders.push(folder)
  }
  if (reader.byte() !== id.unpackSize) throw malformed('no sizes')
  for (const folder of streams.folders) {
    const outputs = folder.coders.reduce((sum, coder) => sum + coder.outputs, 0)
    folder.unpackSizes = Array.from({ length: outputs }, () => reader.number())
    folder.fileSizes = [sizeOf(folder)]
  }
  for (let property = reader.byte(); property !== id.end; property = reader.byte()) {
    if (property !== id.crc) throw malformed('a property that does not exist')
    const defined = reader.checksums(count)
    for (const [index, folder] of streams.folders.entries()) folder.hasChecksum = defined[index] === true
  }
}

function readFolder(reader: Reader, firstPacked: number): Folder {
  const coderCount = reader.number()
  if (coderCount < 1 || coderCount > 32) throw malformed('a folder without coders, or of too many')
  const coders = Array.from({ length: coderCount }, () => readCoder(reader))
  const inputs = coders.reduce((sum, coder) => sum + coder.inputs, 0)
  const outputs = coders.reduce((sum, coder) => sum + coder.outputs, 0)
  const bonds = Array.from({ length: outputs - 1 }, () => ({ input: reader.number(), output: reader.number() }))
  const packedCount = inputs - bonds.length
  if (packedCount < 1) throw malformed('a folder without packed streams')
  const bound = new Set(bonds.map(({ input }) => input))
  const free = Array.from({ length: inputs }, (_, input) => input).filter((input) => !bound.has(input))
  const packedInputs = packedCount === 1 ? free.slice(0, 1) : Array.from({ length: packedCount }, () => reader.number())
  return { coders, bonds, packedInputs, unpackSizes: [], fileSizes: [], hasChecksum: false, firstPacked }
}

function readCoder(reader: Reader): Coder {
  const flags = reader.byte()
  const codec = reader.take(flags & 0xf).toString('hex')
  const isComplex = (flags & 0x10) !== 0
  const inputs = isComplex ? reader.number() : 1
  const outputs = isComplex ? reader.number() : 1
  if (inputs < 1 || inputs > 32 || outputs < 1 || outputs > 32) throw malformed('a coder of impossible streams')
  const properties = flags & 0x20 ? reader.take(reader.number()) : Buffer.alloc(0)
  return { id: codec, inputs, outputs, properties }
}

/** The output that no bond leads on from. */
export function lastOutput({ bonds, unpackSizes }: Folder): number {
  const bound = new Set(bonds.map(({ output }) => output))
  return unpackSizes.findIndex((_, output) => !bound.has(output))
}

function sizeOf(folder: Folder): number {
  return folder.unpackSizes[lastOutput(folder)] ?? 0
}

function readSubStreams(reader: Reader, { folders }: Streams): void {
  let counts = folders.map(() => 1)
  let property = reader.byte()
  if (property === id.countOfStreams) {
    counts = folders.map(() => reader.count())
    property = reader.byte()
  }
  const hasSizes = property === id.size
  for (const [index, folder] of folders.entries()) {
    const count = counts[index] ?? 0
    const sizes: number[] = []
    for (let left = count - 1; left > 0 && hasSizes; left--) sizes.push(reader.number())
    const rest = sizeOf(folder) - sizes.reduce((sum, size) => sum + size, 0)
    if (rest < 0) throw malformed('files larger than their folder')
    folder.fileSizes = count === 0 ? [] : [...sizes, rest]
  }
  if (hasSizes) property = reader.byte()
  // Only files that their folder's checksum does not cover have one of their own.
  const own = folders.map(({ hasChecksum }, index) => (hasChecksum && counts[index] === 1 ? 0 : (counts[index] ?? 0)))
  for (; property !== id.end; property = reader.byte()) {
    if (property !== id.crc) throw malformed('a property that does not exist')
    reader.checksums(own.reduce((sum, count) => sum + count, 0))
  }
}

function readFiles(reader: Reader): SevenZipFile[] {
  const count = reader.count()
  let names: string[] = []
  let empty: boolean[] = []
  let emptyFiles: boolean[] = []
  const attributes: number[] = []
  for (let property = reader.byte(); property !== id.end; property = reader.byte()) {
    const inner = createReader(reader.take(reader.number()))
    if (property === id.emptyStream) empty = inner.bits(count)
    else if (property === id.emptyFile) emptyFiles = inner.bits(empty.filter(Boolean).length)
    else if (property === id.names) {
      if (inner.byte() !== 0) throw new ArtifactError('unsupported', '7z with names in another place')
      names = inner.rest().toString('utf16le').split('\0').slice(0, count)
    } else if (property === id.attributes) {
      const defined = inner.byte() === 0 ? inner.bits(count) : Array.from({ length: count }, () => true)
      if (inner.byte() !== 0) continue
      for (const isDefined of defined) attributes.push(isDefined ? inner.take(4).readUInt32LE() : 0)
    }
  }
  let place = 0
  return Array.from({ length: count }, (_, index) => {
    const hasContent = empty[index] !== true
    return {
      name: names[index] ?? '',
      hasContent,
      isFolder: !hasContent && emptyFiles[place++] !== true,
      attributes: attributes[index] ?? 0,
    }
  })
}

/** Numbers and bytes of a header, each held against what is left. */
function createReader(bytes: Buffer) {
  let at = 0

  function take(length: number): Buffer {
    if (!(length >= 0 && at + length <= bytes.length)) throw malformed('the header breaks off')
    at += length
    return bytes.subarray(at - length, at)
  }

  function byte(): number {
    return take(1).readUInt8()
  }

  /** One to nine bytes: the first says how many follow. */
  function number(): number {
    const first = byte()
    let value = 0
    let mask = 0x80
    for (let index = 0; index < 8; index++) {
      if ((first & mask) === 0) return value + (first & (mask - 1)) * 2 ** (8 * index)
      value += byte() * 2 ** (8 * index)
      mask >>>= 1
    }
    if (!Number.isSafeInteger(value)) throw malformed('a number beyond any file')
    return value
  }

  function count(): number {
    const value = number()
    if (value > maxItems) throw new ArtifactError('over_limit', `limit reached: more than ${maxItems} items`)
    return value
  }

  function bits(wanted: number): boolean[] {
    const packed = take(Math.ceil(wanted / 8))
    return Array.from({ length: wanted }, (_, index) => ((packed[index >>> 3] ?? 0) & (0x80 >>> (index & 7))) !== 0)
  }

  /** @returns which of them are there */
  function checksums(wanted: number): boolean[] {
    const defined = byte() === 0 ? bits(wanted) : Array.from({ length: wanted }, () => true)
    take(4 * defined.filter(Boolean).length)
    return defined
  }

  return { take, byte, number, count, bits, checksums, skip: take, rest: () => take(bytes.length - at) }
}

function malformed(what: string): ArtifactError {
  return new ArtifactError('malformed', `the 7z header is damaged: ${what}`)
}
