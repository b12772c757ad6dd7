// LZ4 frames (lz4_Frame_format.md 1.6.2) and the legacy format, with blocks as lz4_Block_format.md has them.
// Checksums are not verified: what comes out is judged whatever they say.
import { ArtifactError } from '../error.ts'
import type { Output } from './output.ts'

const frameMagic = 0x184d2204
const legacyMagic = 0x184c2102
/** The last four bits of a frame that is to be passed over are free. */
const skippableMagic = 0x184d2a5

export function isLz4(head: Uint8Array): boolean {
  if (head.length < 7) return false
  const magic = Buffer.from(head).readUInt32LE()
  return magic === frameMagic || magic === legacyMagic
}

/** @returns where the last frame ends */
export function decodeLz4(packed: Uint8Array, output: Output, checkTime: () => void): number {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
  let at = 0
  while (at + 4 <= bytes.length) {
    const magic = bytes.readUInt32LE(at)
    if (magic === frameMagic) at = frame(bytes, at + 4, output, checkTime)
    else if (magic === legacyMagic) at = legacy(bytes, at + 4, output, checkTime)
    else if (magic >>> 4 === skippableMagic && at + 8 <= bytes.length) at += 8 + bytes.readUInt32LE(at + 4)
    else break
  }
  if (at > bytes.length) throw malformed('it breaks off')
  return at
}

function frame(bytes: Buffer, start: number, output: Output, checkTime: () => void): number {
  if (start + 3 > bytes.length) throw malformed('it breaks off')
  const flags = bytes.readUInt8(start)
  if (flags >>> 6 !== 1) throw new ArtifactError('unsupported', 'an LZ4 frame of another version')
  const hasBlockSums = (flags & 0x10) !== 0
  const isLinked = (flags & 0x20) === 0
  let at = start + 2 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0) + 1
  if (flags & 1) throw new ArtifactError('unsupported', 'an LZ4 frame with a dictionary of its own')
  const begin = output.length
  for (;;) {
    if (at + 4 > bytes.length) throw malformed('it breaks off')
    const size = bytes.readUInt32LE(at)
    at += 4
    if (size === 0) break
    const length = size & 0x7fffffff
    if (at + length > bytes.length) throw malformed('a block is cut off')
    checkTime()
    const content = bytes.subarray(at, at + length)
    if (size > 0x7fffffff) output.append(content)
    else block(content, isLinked ? begin : output.length, output)
    at += length + (hasBlockSums ? 4 : 0)
  }
  at += flags & 4 ? 4 : 0
  if (at > bytes.length) throw malformed('it breaks off')
  return at
}

/** Blocks of 8 MiB, each by its packed size, up to the end or to something else. */
function legacy(bytes: Buffer, start: number, output: Output, checkTime: () => void): number {
  let at = start
  while (at + 4 <= bytes.length) {
    const length = bytes.readUInt32LE(at)
    if (length === frameMagic || length === legacyMagic) return at
    if (at + 4 + length > bytes.length) throw malformed('a block is cut off')
    checkTime()
    block(bytes.subarray(at + 4, at + 4 + length), output.length, output)
    at += 4 + length
  }
  return at
}

/** @param from  where in the output copies may begin */
function block(bytes: Uint8Array, from: number, output: Output): void {
  let at = 0
  const long = (first: number) => {
    let length = first
    if (first !== 15) return length
    for (;;) {
      const byte = bytes[at++]
      if (byte === undefined) throw malformed('it breaks off')
      length += byte
      if (byte !== 255) return length
    }
  }
  for (;;) {
    const token = bytes[at++]
    if (token === undefined) throw malformed('it breaks off')
    const literals = long(token >>> 4)
    if (at + literals > bytes.length) throw malformed('it breaks off')
    output.append(bytes.subarray(at, at + literals))
    at += literals
    if (at === bytes.length) return
    const distance = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
    at += 2
    if (distance > output.length - from) throw malformed('a copy from before the beginning')
    output.repeat(distance, long(token & 15) + 4)
  }
}

function malformed(what: string): ArtifactError {
  return new ArtifactError('malformed', `the LZ4 data is damaged: ${what}`)
}
