// Bytes that lie somewhere: in a file, in an archive, behind a range request. Parsers read what they need of them, at
// once and in any order, and never the whole of something large.

export interface Source {
  /** Bytes in all. */
  readonly size: number
  /**
   * The bytes from `offset`, `length` of them or those up to the end. They stay as they are and must not be changed.
   *
   * @throws ArtifactError `unreadable` when the disk, or whatever is behind, fails
   */
  read(offset: number, length: number): Uint8Array
}

export function bytesSource(bytes: Uint8Array): Source {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) }
}

/** A stretch of another source, cut where that one ends. */
export function stretch(source: Source, from: number, length: number): Source {
  const size = Math.max(0, Math.min(length, source.size - from))
  return {
    size,
    read: (offset, count) => source.read(from + offset, Math.max(0, Math.min(count, size - offset))),
  }
}
