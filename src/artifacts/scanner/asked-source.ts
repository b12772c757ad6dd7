// The file as a sandboxed child sees it: every byte is asked for, and kept for a while, so that a parser that reads a
// few bytes at a time does not ask each time. What is read on in order is fetched in longer and longer stretches, what
// is read here and there in short ones: of a remote checkpoint, only what is looked at is fetched.
import type { Source } from '../source.ts'

/** Gets exactly those bytes, which lie inside of the file. @throws ArtifactError `unreadable` */
export type Ask = (offset: number, length: number) => Uint8Array

interface Chunk {
  readonly start: number
  readonly bytes: Uint8Array
}

const shortest = 16 * 1024
const longest = 1024 * 1024
const keptChunks = 24

/** @param head  the first bytes, already here */
export function askedSource(size: number, head: Uint8Array, ask: Ask, maxAsk: number): Source {
  /** The latest used first. */
  const chunks: Chunk[] = [{ start: 0, bytes: head }]
  let fetchedTo = head.length
  let ahead = shortest

  return { size, read }

  function read(offset: number, length: number): Uint8Array {
    const start = Math.min(Math.max(0, offset), size)
    const end = Math.min(start + Math.max(0, length), size)
    if (end <= start) return new Uint8Array()
    const held = heldBytes(start, end)
    if (held !== undefined) return held
    const fetched = fetch(start, end)
    return fetched.subarray(0, end - start)
  }

  function heldBytes(start: number, end: number): Uint8Array | undefined {
    for (const [place, chunk] of chunks.entries()) {
      if (start < chunk.start || end > chunk.start + chunk.bytes.length) continue
      if (place > 0) {
        chunks.splice(place, 1)
        chunks.unshift(chunk)
      }
      return chunk.bytes.subarray(start - chunk.start, end - chunk.start)
    }
    return undefined
  }

  function fetch(start: number, end: number): Uint8Array {
    ahead = start >= fetchedTo - shortest && start <= fetchedTo ? Math.min(ahead * 2, longest) : shortest
    const length = Math.min(Math.max(end - start, ahead), size - start)
    const bytes = length <= maxAsk ? ask(start, length) : askInParts(start, length)
    fetchedTo = start + length
    // A long stretch is somebody's to keep, not ours.
    if (length <= longest) {
      chunks.unshift({ start, bytes })
      if (chunks.length > keptChunks) chunks.pop()
    }
    return bytes
  }

  function askInParts(start: number, length: number): Uint8Array {
    const whole = Buffer.allocUnsafeSlow(length)
    for (let at = 0; at < length; at += maxAsk) whole.set(ask(start + at, Math.min(maxAsk, length - at)), at)
    return whole
  }
}
