// The directory of a zip file, read twice: as the central directory lists it, and as the local headers say it. Readers
// trust the one or the other (PKWARE APPNOTE 6.3.10; section numbers below are its).
import { ArtifactError } from '../error.ts'
import { exactly, wholeNumber64 } from '../reader.ts'
import type { Source } from '../source.ts'

export interface Entry {
  readonly name: string
  /** The bytes of the name, as they are compared. */
  readonly rawName: Buffer
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly packedSize: number
  readonly size: number
  /** Of the local header, in the source. */
  readonly offset: number
  /** Unix mode from the external attributes; 0 when made elsewhere. */
  readonly mode: number
}

export interface Directory {
  readonly entries: readonly Entry[]
  /** Bytes before what the archive believes to be its beginning. */
  readonly prefix: number
  readonly start: number
  /** Behind the end record and its comment. */
  readonly end: number
  /** Places of other end records in the tail, each a directory that another reader may find instead. */
  readonly otherEnds: readonly number[]
}

export interface LocalHeader {
  readonly rawName: Buffer
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly packedSize: number
  readonly size: number
  /** Where the content begins. */
  readonly dataOffset: number
}

const endSignature = Buffer.from('PK\x05\x06', 'latin1')
const endLength = 22
const tailLength = 65_535 + endLength

/**
 * @param onEntry  called for each entry before it is read, to keep to a budget
 * @throws ArtifactError `malformed` when there is no directory, or it contradicts itself
 */
export function readDirectory(source: Source, onEntry: () => void): Directory {
  const ends = endRecords(source)
  const end = ends.at(-1)
  if (end === undefined) throw new ArtifactError('malformed', 'no end of a zip directory')
  const record = exactly(source, end, endLength, 'the end of the directory')
  const classic = {
    count: record.readUInt16LE(10),
    size: record.readUInt32LE(12),
    offset: record.readUInt32LE(16),
    start: end,
  }
  const { count, size, offset, start } = zip64(source, end) ?? classic
  const actual = start - size
  if (actual < 0 || offset > actual)
    throw new ArtifactError('malformed', 'the directory lies beyond the end of the file', end)
  const prefix = actual - offset
  const entries: Entry[] = []
  let at = actual
  while (at + 4 <= start && exactly(source, at, 4, 'an entry').readUInt32LE(0) === 0x02014b50) {
    onEntry()
    const entry = readEntry(source, at, prefix)
    entries.push(entry.entry)
    at = entry.next
  }
  if (entries.length !== count)
    throw new ArtifactError('malformed', `${count} entries are announced, ${entries.length} are there`, actual)
  const commentLength = record.readUInt16LE(20)
  return {
    entries,
    prefix,
    start: actual,
    end: Math.min(source.size, end + endLength + commentLength),
    otherEnds: ends.slice(0, -1),
  }
}

/** All places in the tail where an end record may be, in their order. */
function endRecords(source: Source): number[] {
  const from = Math.max(0, source.size - tailLength)
  const tail = Buffer.from(source.read(from, tailLength))
  const places: number[] = []
  for (let at = tail.indexOf(endSignature); at >= 0; at = tail.indexOf(endSignature, at + 1))
    if (at + endLength <= tail.length) places.push(from + at)
  return places
}

/** 4.3.14 and 4.3.15: the numbers that do not fit into the classic record. */
function zip64(source: Source, end: number) {
  if (end < 20) return undefined
  const locator = exactly(source, end - 20, 20, 'the zip64 locator')
  if (locator.readUInt32LE(0) !== 0x07064b50) return undefined
  // Its own offset counts from the beginning of the archive, so with a prefix it is found in front of the locator.
  const start = end - 20 - 56
  if (start < 0) return undefined
  const record = exactly(source, start, 56, 'the zip64 end of the directory')
  if (record.readUInt32LE(0) !== 0x06064b50)
    throw new ArtifactError('unsupported', 'a zip64 record with an extension', start)
  return {
    count: wholeNumber64(record, 32, 'the number of entries'),
    size: wholeNumber64(record, 40, 'the size of the directory'),
    offset: wholeNumber64(record, 48, 'the offset of the directory'),
    start,
  }
}

/** 4.3.12. */
function readEntry(source: Source, at: number, prefix: number): { entry: Entry; next: number } {
  const fixed = exactly(source, at, 46, 'an entry of the directory')
  const nameLength = fixed.readUInt16LE(28)
  const extraLength = fixed.readUInt16LE(30)
  const rest = exactly(source, at + 46, nameLength + extraLength + fixed.readUInt16LE(32), 'an entry of the directory')
  const rawName = rest.subarray(0, nameLength)
  const sizes = wideSizes(rest.subarray(nameLength, nameLength + extraLength), {
    size: fixed.readUInt32LE(24),
    packedSize: fixed.readUInt32LE(20),
    offset: fixed.readUInt32LE(42),
  })
  const isUnix = fixed.readUInt8(5) === 3
  return {
    entry: {
      name: rawName.toString('utf8'),
      rawName,
      flags: fixed.readUInt16LE(8),
      method: fixed.readUInt16LE(10),
      crc: fixed.readUInt32LE(16),
      packedSize: sizes.packedSize,
      size: sizes.size,
      offset: sizes.offset + prefix,
      mode: isUnix ? fixed.readUInt32LE(38) >>> 16 : 0,
    },
    next: at + 46 + rest.length,
  }
}

/** 4.5.3: the zip64 extra field holds, in this order, those values whose classic field is all ones. */
function wideSizes<T extends { size: number; packedSize: number; offset?: number }>(extra: Buffer, classic: T): T {
  const sizes = { ...classic }
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue
    let value = at + 4
    for (const field of ['size', 'packedSize', 'offset'] as const) {
      if (sizes[field] !== 0xffffffff) continue
      if (value + 8 > extra.length) throw new ArtifactError('malformed', 'a zip64 field is cut off')
      sizes[field] = wholeNumber64(extra, value, 'a size')
      value += 8
    }
  }
  return sizes
}

/** 4.3.7. */
export function readLocalHeader(source: Source, offset: number): LocalHeader {
  const fixed = exactly(source, offset, 30, 'a local header')
  if (fixed.readUInt32LE(0) !== 0x04034b50) throw new ArtifactError('malformed', 'no local header', offset)
  const nameLength = fixed.readUInt16LE(26)
  const extraLength = fixed.readUInt16LE(28)
  const rest = exactly(source, offset + 30, nameLength + extraLength, 'a local header')
  const sizes = wideSizes(rest.subarray(nameLength), {
    size: fixed.readUInt32LE(22),
    packedSize: fixed.readUInt32LE(18),
  })
  return {
    rawName: rest.subarray(0, nameLength),
    flags: fixed.readUInt16LE(6),
    method: fixed.readUInt16LE(8),
    crc: fixed.readUInt32LE(14),
    packedSize: sizes.packedSize,
    size: sizes.size,
    dataOffset: offset + 30 + rest.length,
  }
}
