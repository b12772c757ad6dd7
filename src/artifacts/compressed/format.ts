// Single compressed streams, as joblib writes them and as files are sent: what is inside is examined in their place.
import { ArtifactError } from '../error.ts'
import type { Format, Recognition } from '../format.ts'
import { bytesSource } from '../source.ts'
import { type Compression, unpack } from '../unpack.ts'
import { isGzip } from './gzip.ts'
import { isLz4 } from './lz4.ts'
import { isLzmaAlone, isXz } from './xz.ts'

export const gzip = stream('gzip', isGzip)

export const zstd = stream('zstd', (head) => beginsWith(head, [0x28, 0xb5, 0x2f, 0xfd]))

/** Two bytes say little: the method and the window, and their sum a multiple of 31 (RFC 1950). */
export const zlib = stream(
  'zlib',
  (head) => ((head[0] ?? 0) & 0x8f) === 8 && ((head[0] ?? 0) * 256 + (head[1] ?? 0)) % 31 === 0,
  'plausible',
)

/** The block that follows begins with the digits of pi, or the end with those of its square root. */
export const bzip2 = stream(
  'bzip2',
  (head) =>
    beginsWith(head, [0x42, 0x5a, 0x68]) &&
    (beginsWith(head.subarray(4), [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) ||
      beginsWith(head.subarray(4), [0x17, 0x72, 0x45, 0x38, 0x50, 0x90])),
)

export const xz = stream('xz', isXz)

export const lzma = stream('lzma', isLzmaAlone, 'plausible')

export const lz4 = stream('lz4', isLz4)

/** joblib before 0.10: `ZF`, the length in hexadecimal digits padded to nineteen, zlib. */
export const zfile: Format = {
  id: 'zfile',
  isActive: true,
  recognise: ({ head }) => (beginsWith(head, [0x5a, 0x46, 0x30, 0x78]) ? 'certain' : undefined),
  examine({ source, budget, enter, name }) {
    for (const start of [21, 20, 16, 12]) {
      const packed = source.read(start, source.size)
      if ((packed[0] ?? 0) !== 0x78) continue
      const { bytes, used, damage } = unpack(packed, 'zlib', budget)
      if (damage !== undefined) throw damage
      enter(name, bytesSource(bytes))
      return start + used
    }
    throw new ArtifactError('malformed', 'no zlib data behind the length')
  },
}

const leastSalvaged = 32

function stream(id: Compression, isMagic: (head: Uint8Array) => boolean, recognition: Recognition = 'certain'): Format {
  return {
    id,
    isActive: true,
    recognise: ({ head, expected }) => (isMagic(head) ? (expected === id ? 'certain' : recognition) : undefined),
    examine({ source, budget, enter, incomplete, name }) {
      const { bytes, used, damage } = unpack(source.read(0, source.size), id, budget)
      // With a magic of two bytes, nothing but damage means that it is something else.
      if (damage !== undefined && (bytes.length === 0 || (recognition === 'plausible' && bytes.length < leastSalvaged)))
        throw damage
      enter(name.replace(/\.(?:t?gz|gzip|z|zst|zstd|bz2|xz|lzma|lz4)$/i, ''), bytesSource(bytes))
      if (damage !== undefined) incomplete(damage.message)
      return used
    },
  }
}

function beginsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => head[index] === byte)
}
