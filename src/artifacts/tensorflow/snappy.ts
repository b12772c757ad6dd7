// Snappy's block format (github.com/google/snappy, format_description.txt), for the tables of checkpoints.
import { ArtifactError } from '../error.ts'

/** @throws ArtifactError `malformed`; `over_limit` when it says that it is more than `limit` bytes */
export function unsnapped(packed: Buffer, limit: number): Buffer {
  let at = 0
  const next = (): number => {
    const byte = packed[at++]
    if (byte === undefined) throw malformed()
    return byte
  }
  let length = 0
  for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
    byte = next()
    length += (byte & 0x7f) * 2 ** shift
    if (shift > 28) throw malformed()
  }
  if (length > limit) throw new ArtifactError('over_limit', `limit reached: unpacks to ${length} bytes`)
  const result = Buffer.alloc(length)
  let filled = 0
  while (at < packed.length) {
    const tag = next()
    const kind = tag & 3
    if (kind === 0) {
      let size = (tag >> 2) + 1
      if (size > 60) {
        const width = size - 60
        if (at + width > packed.length) throw malformed()
        size = packed.readUIntLE(at, width) + 1
        at += width
      }
      if (at + size > packed.length || filled + size > length) throw malformed()
      packed.copy(result, filled, at, at + size)
      at += size
      filled += size
      continue
    }
    const size = kind === 1 ? 4 + ((tag >> 2) & 7) : (tag >> 2) + 1
    let distance = kind === 1 ? (tag >> 5) * 256 + next() : next() + next() * 256
    if (kind === 3) distance += (next() + next() * 256) * 65_536
    if (distance === 0 || distance > filled || filled + size > length) throw malformed()
    // The copy may overlap what it makes.
    for (let index = 0; index < size; index++, filled++) result[filled] = result[filled - distance] ?? 0
  }
  if (filled !== length) throw malformed()
  return result
}

function malformed(): ArtifactError {
  return new ArtifactError('malformed', 'the snappy data is damaged')
}
