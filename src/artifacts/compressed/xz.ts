// .xz (tukaani.org/xz/xz-file-format.txt, 1.2) and .lzma, the format before it. Checksums of the content are not
// verified: what comes out is judged whether or not it is what went in.
import { ArtifactError } from '../error.ts'
import { type Filter, undoFilters } from './filters.ts'
import { decodeLzma, decodeLzma2, lzmaProperties } from './lzma.ts'
import type { Output } from './output.ts'

const header = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])
/** Bytes of a check by its id (2.1.1.2). */
const checkSizes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64]

export function isXz(head: Uint8Array): boolean {
  return header.equals(Buffer.from(head.subarray(0, 6)))
}

/** Every stream of the file, one after the other. @returns where the last one ends */
export function decodeXz(packed: Uint8Array, output: Output, checkTime: () => void): number {
  let at = 0
  do {
    at = stream(packed, at, output, checkTime)
    // Padding between streams comes in fours.
    let next = at
    while (packed[next] === 0) next++
    if (!isXz(packed.subarray(next))) break
    at = next
  } while (at < packed.length)
  return at
}

function stream(packed: Uint8Array, start: number, output: Output, checkTime: () => void): number {
  if (!isXz(packed.subarray(start))) throw malformed('no beginning of a stream')
  const check = checkSizes[(packed[start + 7] ?? 0) & 0xf] ?? 0
  let at = start + 12
  for (;;) {
    const size = packed[at]
    if (size === undefined) throw malformed('it breaks off')
    if (size === 0) return index(packed, at)
    at = block(packed, at, output, checkTime)
    at += (4 - ((at - start) & 3)) & 3
    at += check
  }
}

/** 3: a header, then LZMA2. @returns where the data end */
function block(packed: Uint8Array, start: number, output: Output, checkTime: () => void): number {
  const headerSize = ((packed[start] ?? 0) + 1) * 4
  const flags = packed[start + 1] ?? 0
  let at = start + 2
  const number = () => {
    const { value, next } = multibyte(packed, at)
    at = next
    return value
  }
  if (flags & 0x40) number()
  if (flags & 0x80) number()
  const filters: Filter[] = []
  for (let count = (flags & 3) + 1; count > 0; count--) {
    const id = number()
    const size = number()
    if (at + size > start + headerSize) throw malformed('a filter reaches beyond its header')
    filters.push({ id, properties: packed.subarray(at, at + size) })
    at += size
  }
  if (filters.pop()?.id !== 0x21) throw new ArtifactError('unsupported', 'an xz file that is not LZMA2')
  const from = output.length
  const data = start + headerSize
  const used = decodeLzma2(packed.subarray(data), output, checkTime)
  undoFilters(output.bytes.subarray(from, output.length), filters)
  return data + used
}

/** 4: records of sizes, which are what they are; then the footer of twelve bytes. */
function index(packed: Uint8Array, start: number): number {
  let at = start + 1
  const count = multibyte(packed, at)
  at = count.next
  if (count.value > packed.length) throw malformed('an index of more blocks than there are bytes')
  for (let left = 2 * count.value; left > 0; left--) at = multibyte(packed, at).next
  at += (4 - ((at - start) & 3)) & 3
  at += 4 + 12
  if (at > packed.length || packed[at - 2] !== 0x59 || packed[at - 1] !== 0x5a) throw malformed('it breaks off')
  return at
}

/** 1.2: seven bits a byte, at most nine bytes. */
function multibyte(packed: Uint8Array, at: number): { value: number; next: number } {
  let value = 0
  for (let index = 0; index < 9; index++) {
    const byte = packed[at + index]
    if (byte === undefined) throw malformed('it breaks off')
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, next: at + index + 1 }
  }
  throw malformed('a number of more than nine bytes')
}

/** The old format has no magic: properties, a dictionary's size, and the size of the content or all ones. */
export function isLzmaAlone(head: Uint8Array): boolean {
  if (head.length < 18 || (head[0] ?? 255) >= 225 || head[13] !== 0) return false
  const bytes = Buffer.from(head)
  const dictionary = bytes.readUInt32LE(1)
  // As lzma's own tool: a power of two, or one and a half of one.
  const isPower = (value: number) => value > 0 && (value & (value - 1)) === 0
  if (dictionary < 4096 || !(isPower(dictionary) || isPower(Math.floor(dictionary / 3)) || dictionary === 0xffffffff))
    return false
  const size = bytes.readBigUInt64LE(5)
  return size === 0xffff_ffff_ffff_ffffn || size < 1n << 38n
}

export function decodeLzmaAlone(packed: Uint8Array, output: Output, checkTime: () => void): number {
  if (packed.length < 18) throw malformed('it breaks off')
  const size = Buffer.from(packed.subarray(5, 13)).readBigUInt64LE()
  const isKnown = size !== 0xffff_ffff_ffff_ffffn
  if (isKnown && size > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('a size beyond any file')
  const properties = lzmaProperties(packed[0] ?? 255)
  return 13 + decodeLzma(packed.subarray(13), properties, isKnown ? Number(size) : undefined, output, checkTime)
}

function malformed(what: string): ArtifactError {
  return new ArtifactError('malformed', `the xz data is damaged: ${what}`)
}
