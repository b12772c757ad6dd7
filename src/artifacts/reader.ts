// Little-endian numbers out of a source, every one checked against its end.
import { ArtifactError } from './error.ts'
import type { Source } from './source.ts'

/** Exactly `length` bytes. @throws ArtifactError `malformed` when there are fewer */
export function exactly(source: Source, offset: number, length: number, what: string): Buffer {
  if (!(offset >= 0 && length >= 0 && offset + length <= source.size))
    throw new ArtifactError('malformed', `${what} reaches beyond the end`, offset)
  const bytes = source.read(offset, length)
  if (bytes.length !== length) throw new ArtifactError('malformed', `${what} is cut off`, offset)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** An unsigned number of 64 bits that a file can have as a length or an offset. @throws ArtifactError beyond 2^53 */
export function wholeNumber64(bytes: Buffer, at: number, what: string): number {
  const value = bytes.readBigUInt64LE(at)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ArtifactError('malformed', `${what} is beyond any file`, at)
  return Number(value)
}
