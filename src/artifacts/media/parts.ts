// The parts of images, sound and film, one after the other, as far as their structure says where they end.
// PNG (W3C), JPEG (ISO 10918-1, Annex B), GIF89a, RIFF, ISO 14496-12, Ogg (RFC 3533), FLAC (RFC 9639), ID3 2.4, BMP.
import type { Source } from '../source.ts'

export interface Part {
  readonly offset: number
  readonly length: number
  /** Read as text for what it hides: comments, EXIF, XMP, tags. */
  readonly isText: boolean
}

export interface Structure {
  readonly end: number
  readonly isWhole: boolean
  readonly parts: readonly Part[]
}

export type Walker = (source: Source, tick: () => void) => Structure

const maxParts = 1_000_000

/** Calls `next` for the place of each part until it says where all ends, which it must when the format `hasEnd`. */
function walkParts(
  source: Source,
  from: number,
  tick: () => void,
  next: (at: number) => Step,
  hasEnd = false,
): Structure {
  const parts: Part[] = []
  let at = from
  for (let count = 0; count < maxParts; count++) {
    if (count % 256 === 0) tick()
    if (at >= source.size) return { end: source.size, isWhole: at === source.size && !hasEnd, parts }
    const step = next(at)
    if (step.kind === 'end') return { end: Math.min(step.end, source.size), isWhole: step.end <= source.size, parts }
    if (step.kind === 'lost') return { end: source.size, isWhole: false, parts }
    if (step.isText && parts.length < 1000) parts.push({ offset: at, length: step.length, isText: true })
    at += Math.max(1, step.length)
  }
  return { end: source.size, isWhole: false, parts }
}

type Step =
  | { readonly kind: 'part'; readonly length: number; readonly isText: boolean }
  | { readonly kind: 'end'; readonly end: number }
  | { readonly kind: 'lost' }

const part = (length: number, isText = false): Step => ({ kind: 'part', length, isText })
const lost: Step = { kind: 'lost' }

function bytesAt(source: Source, at: number, length: number): Buffer {
  const bytes = source.read(at, length)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export const png: Walker = (source, tick) =>
  walkParts(
    source,
    8,
    tick,
    (at) => {
      const head = bytesAt(source, at, 8)
      if (head.length < 8) return lost
      const type = head.toString('latin1', 4)
      const length = head.readUInt32BE(0) + 12
      return type === 'IEND' ? { kind: 'end', end: at + length } : part(length, /^(?:tEXt|zTXt|iTXt|eXIf)$/.test(type))
    },
    true,
  )

export const jpeg: Walker = (source, tick) =>
  walkParts(
    source,
    2,
    tick,
    (at) => {
      const head = bytesAt(source, at, 4)
      if (head[0] !== 0xff) return lost
      const marker = head[1] ?? 0
      if (marker === 0xd9) return { kind: 'end', end: at + 2 }
      if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) return part(marker === 0xff ? 1 : 2)
      if (head.length < 4) return lost
      const length = head.readUInt16BE(2) + 2
      if (marker === 0xda) return part(length + scanLength(source, at + length))
      return part(length, marker === 0xfe || (marker >= 0xe1 && marker <= 0xef))
    },
    true,
  )

/** Coded data goes on up to a marker that is neither stuffing nor a restart. */
function scanLength(source: Source, from: number): number {
  const windowLength = 1024 * 1024
  for (let at = from; at < source.size; at += windowLength - 1) {
    const bytes = source.read(at, windowLength)
    for (
      let index = bytes.indexOf(0xff);
      index >= 0 && index + 1 < bytes.length;
      index = bytes.indexOf(0xff, index + 1)
    ) {
      const next = bytes[index + 1] ?? 0
      if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at + index - from
    }
    if (bytes.length < windowLength) break
  }
  return source.size - from
}

export const gif: Walker = (source, tick) => {
  const head = bytesAt(source, 0, 13)
  const flags = head[10] ?? 0
  const table = (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1)
  return walkParts(
    source,
    13 + table,
    tick,
    (at) => {
      const [kind, label] = source.read(at, 2)
      if (kind === 0x3b) return { kind: 'end', end: at + 1 }
      if (kind === 0x21)
        return part(2 + blocksLength(source, at + 2), label === 0xfe || label === 0xff || label === 0x01)
      if (kind !== 0x2c) return lost
      const local = bytesAt(source, at, 10)[9] ?? 0
      const header = 10 + ((local & 0x80) === 0 ? 0 : 3 * 2 ** ((local & 7) + 1)) + 1
      return part(header + blocksLength(source, at + header))
    },
    true,
  )
}

function blocksLength(source: Source, from: number): number {
  let at = from
  for (;;) {
    const [length] = source.read(at, 1)
    if (length === undefined) return source.size - from
    at += length + 1
    if (length === 0) return at - from
  }
}

/** WebP, WAV, AVI: the length of all stands at the beginning. */
export const riff: Walker = (source, tick) => {
  const head = bytesAt(source, 0, 12)
  const end = 8 + head.readUInt32LE(4) + (head.readUInt32LE(4) & 1)
  const inner = walkParts(source, 12, tick, (at) => {
    if (at >= end) return { kind: 'end', end }
    const chunk = bytesAt(source, at, 8)
    if (chunk.length < 8) return lost
    const length = chunk.readUInt32LE(4)
    return part(
      8 + length + (length & 1),
      /^(?:EXIF|XMP |LIST|INFO|id3 |ID3 |iXML|bext|cart)$/.test(chunk.toString('latin1', 0, 4)),
    )
  })
  return { ...inner, end: Math.min(end, source.size), isWhole: end <= source.size + 1 }
}

/** MP4, MOV, HEIC, AVIF, M4A, JPEG 2000: boxes. */
export const boxes: Walker = (source, tick) =>
  walkParts(source, 0, tick, (at) => {
    const head = bytesAt(source, at, 16)
    if (head.length < 8) return lost
    const type = head.toString('latin1', 4, 8)
    if (!/^[\x20-\x7e\xa9]{4}$/.test(type)) return { kind: 'end', end: at }
    const short = head.readUInt32BE(0)
    if (short === 0) return { kind: 'end', end: source.size }
    const length = short === 1 && head.length === 16 ? Number(head.readBigUInt64BE(8)) : short
    return length < 8 ? lost : part(length, /^(?:moov|udta|meta|uuid|xml )$/.test(type))
  })

export const ogg: Walker = (source, tick) =>
  walkParts(source, 0, tick, (at) => {
    const head = bytesAt(source, at, 27 + 255)
    if (head.toString('latin1', 0, 4) !== 'OggS' || head.length < 27) return { kind: 'end', end: at }
    const count = head[26] ?? 0
    let length = 27 + count
    for (const segment of head.subarray(27, 27 + count)) length += segment
    return part(length, head.readUInt32LE(18) < 3)
  })

/** Metadata, then frames up to the end of the file or a tag. */
export const flac: Walker = (source, tick) =>
  walkParts(source, 4, tick, (at) => {
    const head = bytesAt(source, at, 4)
    if (head.length < 4) return lost
    if (head[0] === 0xff) return { kind: 'end', end: source.size }
    const type = (head[0] ?? 0) & 0x7f
    return type > 6 ? lost : part(4 + head.readUIntBE(1, 3), type === 4 || type === 2)
  })

/** ID3 at the beginning, then frames of MPEG audio, which have no end of their own. */
export const mp3: Walker = (source) => {
  const head = bytesAt(source, 0, 10)
  const hasTag = head.toString('latin1', 0, 3) === 'ID3' && head.length === 10
  const length = hasTag ? 10 + [...head.subarray(6, 10)].reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0) : 0
  return {
    end: source.size,
    isWhole: length <= source.size,
    parts: hasTag ? [{ offset: 0, length: Math.min(length, source.size), isText: true }] : [],
  }
}

export const bmp: Walker = (source) => {
  const size = bytesAt(source, 0, 6).readUInt32LE(2)
  const end = size === 0 ? source.size : size
  return { end: Math.min(end, source.size), isWhole: end <= source.size, parts: [] }
}

/** Directories point anywhere, so that no end can be told; the first 64 KiB hold the descriptions as a rule. */
export const tiff: Walker = (source) => ({
  end: source.size,
  isWhole: true,
  parts: [{ offset: 0, length: Math.min(source.size, 64 * 1024), isText: true }],
})

/** The table of an OpenType or TrueType font says where its parts lie. */
export const font: Walker = (source) => {
  const head = bytesAt(source, 0, 12)
  const magic = head.toString('latin1', 0, 4)
  if (magic === 'wOFF' || magic === 'wOF2') {
    const end = head.readUInt32BE(8)
    return { end: Math.min(end, source.size), isWhole: end <= source.size, parts: [] }
  }
  if (magic === 'ttcf') return { end: source.size, isWhole: true, parts: [] }
  const count = head.readUInt16BE(4)
  const table = bytesAt(source, 12, count * 16)
  let end = 12 + count * 16
  for (let at = 0; at + 16 <= table.length; at += 16)
    end = Math.max(end, table.readUInt32BE(at + 8) + table.readUInt32BE(at + 12))
  const padded = end + ((4 - (end % 4)) % 4)
  return { end: Math.min(padded, source.size), isWhole: end <= source.size, parts: [] }
}
