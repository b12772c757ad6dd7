// One header of a tar file (POSIX ustar, pax, GNU), with the names and sizes that extended headers put in its place.
import { ArtifactError } from '../error.ts'
import { exactly } from '../reader.ts'
import type { Source } from '../source.ts'

export const blockLength = 512

export interface TarEntry {
  readonly name: string
  readonly linkTarget: string
  /** '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' folder, '6' pipe, … */
  readonly type: string
  readonly size: number
  readonly headerOffset: number
  readonly dataOffset: number
}

interface Extended {
  name?: string
  linkTarget?: string
  size?: number
}

const maxExtended = 1024 * 1024

/**
 * All entries up to the end mark, in their order.
 *
 * @param onEntry  called for each, to keep to a budget
 * @returns the entries, and where the archive ends
 * @throws ArtifactError `malformed` for a header that does not add up
 */
export function readEntries(source: Source, onEntry: () => void): { entries: TarEntry[]; end: number } {
  const entries: TarEntry[] = []
  let extended: Extended = {}
  let at = 0
  for (;;) {
    // Some writers leave out the two empty blocks.
    if (at + blockLength > source.size) return { entries, end: Math.min(at, source.size) }
    const header = exactly(source, at, blockLength, 'a header')
    if (header.every((byte) => byte === 0)) return { entries, end: endOfPadding(source, at) }
    if (!hasRightSum(header)) {
      if (at === 0) throw new ArtifactError('malformed', 'the first header does not add up', 0)
      return { entries, end: at }
    }
    onEntry()
    const type = String.fromCharCode(header[156] ?? 0)
    const size = extended.size ?? numberOf(header.subarray(124, 136), at)
    const dataOffset = at + blockLength
    if (size > source.size - dataOffset) throw new ArtifactError('malformed', 'an entry reaches beyond the end', at)
    const next = dataOffset + Math.ceil(size / blockLength) * blockLength
    if (type === 'x' || type === 'L' || type === 'K') extended = extend(extended, source, type, dataOffset, size)
    else if (type !== 'g') {
      const name = extended.name ?? nameOf(header)
      const linkTarget = extended.linkTarget ?? textOf(header.subarray(157, 257))
      entries.push({ name, linkTarget, type: type === '\0' ? '0' : type, size, headerOffset: at, dataOffset })
      extended = {}
    }
    at = next
  }
}

export function isTarHeader(header: Buffer): boolean {
  return (
    header.length >= blockLength && !header.subarray(0, blockLength).every((byte) => byte === 0) && hasRightSum(header)
  )
}

/** The sum over all bytes, its own field taken as spaces; some writers added signed bytes. */
function hasRightSum(header: Buffer): boolean {
  const told = Number.parseInt(textOf(header.subarray(148, 156)).trim(), 8)
  let unsigned = 256
  let signed = 256
  for (let index = 0; index < blockLength; index++) {
    if (index >= 148 && index < 156) continue
    const byte = header[index] ?? 0
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  return told === unsigned || told === signed
}

function nameOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100))
  const isUstar = header.toString('latin1', 257, 262) === 'ustar' && header[263] === 0x30
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Octal digits, or a binary number when the first bit is set (GNU). */
function numberOf(field: Buffer, offset: number): number {
  if ((field[0] ?? 0) & 0x80) {
    const value = field.subarray(1).reduce((number, byte) => number * 256 + byte, 0)
    if (!Number.isSafeInteger(value)) throw new ArtifactError('malformed', 'a size beyond any file', offset)
    return value
  }
  const digits = textOf(field).trim()
  if (!/^[0-7]*$/.test(digits)) throw new ArtifactError('malformed', 'a size that is no number', offset)
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? field.length : end)
}

function extend(known: Extended, source: Source, type: string, offset: number, size: number): Extended {
  if (size > maxExtended)
    throw new ArtifactError('over_limit', `limit reached: an extended header of ${size} bytes`, offset)
  const content = exactly(source, offset, size, 'an extended header')
  if (type === 'L') return { ...known, name: textOf(content) }
  if (type === 'K') return { ...known, linkTarget: textOf(content) }
  const result = { ...known }
  for (let at = 0; at < content.length; ) {
    // "length key=value\n", the length counting itself.
    const space = content.indexOf(0x20, at)
    const length = Number(content.toString('latin1', at, space))
    if (space < 0 || !Number.isSafeInteger(length) || length <= space - at || at + length > content.length)
      throw new ArtifactError('malformed', 'an extended header does not add up', offset + at)
    const [, key, value] = /^([^=]*)=([\s\S]*)\n$/.exec(content.toString('utf8', space + 1, at + length)) ?? []
    if (key === 'path') result.name = value ?? ''
    if (key === 'linkpath') result.linkTarget = value ?? ''
    if (key === 'size' && /^\d{1,15}$/.test(value ?? '')) result.size = Number(value)
    at += length
  }
  return result
}

/** Archives are filled up with empty blocks, to 10 KiB by default. */
function endOfPadding(source: Source, from: number): number {
  let at = from
  while (at + blockLength <= source.size && exactly(source, at, blockLength, 'padding').every((byte) => byte === 0))
    at += blockLength
  return at
}
