// The text of an API key: `hold_`, 256 random bits, and a CRC-32, both in lower-case base32 (RFC 4648 section 6,
// without padding). The prefix and the checksum let a scanner tell a leaked key from a look-alike, offline, and let
// the gateway refuse garbage before it hashes anything. They add nothing to the strength, which is the 256 bits.
import { crc32 } from 'node:zlib'

const prefix = 'hold_'
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
const secretChars = 52
const checksumChars = 7
const shape = /^hold_[a-z2-7]{59}$/

/** @param random 32 bytes from a cryptographic source */
export function formatKey(random: Uint8Array): string {
  if (random.length !== 32) throw new RangeError('an API key is made from 32 random bytes')
  const text = prefix + base32(random)
  return text + checksumOf(text)
}

/** Whether a text has the form of an API key and its checksum; says nothing about whether there is such a key. */
export function isKeyText(text: string): boolean {
  if (!shape.test(text)) return false
  const end = prefix.length + secretChars
  return checksumOf(text.slice(0, end)) === text.slice(end)
}

function checksumOf(text: string): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(text))
  return base32(sum).slice(0, checksumChars)
}

/** The last character is filled up with zero bits. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(held >>> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + alphabet[(held << (5 - bits)) & 31] : text
}
