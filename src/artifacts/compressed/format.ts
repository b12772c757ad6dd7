// Single compressed streams, as joblib writes them and as files are sent: what is inside is examined in their place.
import type { Format } from '../format.ts'
import { bytesSource } from '../source.ts'
import { type Compression, unpack } from '../unpack.ts'

export const gzip = stream('gzip', (head) => head[0] === 0x1f && head[1] === 0x8b && head[2] === 8)

export const zstd = stream('zstd', (head) =>
  Buffer.from(head.subarray(0, 4)).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])),
)

/** Two bytes say little: the method and the window, and their sum a multiple of 31 (RFC 1950). */
export const zlib = stream(
  'zlib',
  (head) => (head[0] ?? 0) === 0x78 && ((head[0] ?? 0) * 256 + (head[1] ?? 0)) % 31 === 0,
  'plausible',
)

function stream(
  id: Compression,
  isMagic: (head: Uint8Array) => boolean,
  recognition: 'certain' | 'plausible' = 'certain',
): Format {
  return {
    id,
    isActive: true,
    recognise: ({ head }) => (isMagic(head) ? recognition : undefined),
    examine({ source, budget, enter, name }) {
      const content = unpack(source.read(0, source.size), id, budget)
      enter(name.replace(/\.(?:gz|gzip|z|zst|zstd)$/i, ''), bytesSource(content))
      return source.size
    },
  }
}
