// Bytes as text: UTF-8, UTF-16 with its mark, and the Windows code page that tables are still written in.
import { ArtifactError } from '../error.ts'
import type { Source } from '../source.ts'

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

/**
 * The encoding of a text by its first bytes; undefined when they are no text.
 *
 * @param isCut  more follows, so the last character may be incomplete
 */
export function encodingOf(head: Uint8Array, isCut: boolean): Encoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  // A null byte is in no text; a few others, such as a form feed or an escape, are.
  if (head.includes(0)) return undefined
  const { controls, high } = countOdd(head)
  if (controls > Math.max(2, head.length / 50)) return undefined
  if (isUtf8(isCut ? head.subarray(0, lastBoundary(head)) : head)) return 'utf-8'
  return controls === 0 && head.length >= 16 && high * 10 <= head.length * 4 ? 'windows-1252' : undefined
}

/** @throws ArtifactError `malformed` when it does not hold up to the end, `over_limit` beyond `limit` bytes */
export function decodeText(source: Source, encoding: Encoding, limit: number): string {
  if (source.size > limit) throw new ArtifactError('over_limit', `limit reached: a text of ${source.size} bytes`)
  const bytes = source.read(0, source.size)
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new ArtifactError('malformed', `not a text in ${encoding}`)
  }
}

function countOdd(bytes: Uint8Array): { controls: number; high: number } {
  let controls = 0
  let high = 0
  for (const byte of bytes) {
    if (byte >= 0x80) high++
    else if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13) controls++
  }
  return { controls, high }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

/** The end of the last whole UTF-8 character. */
export function lastBoundary(bytes: Uint8Array): number {
  let end = bytes.length
  while (end > 0 && bytes.length - end < 4 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--
  return end > 0 && (bytes[end - 1] ?? 0) >= 0xc0 ? end - 1 : bytes.length
}
