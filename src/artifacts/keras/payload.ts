// Code and pickles in the texts of a configuration: marshalled code objects as every generation of Keras wrote them, and
// pickles and archives in base64.

export type Payload =
  | { readonly kind: 'code' }
  /** To be examined as what it is. */
  | { readonly kind: 'content'; readonly bytes: Buffer; readonly format: string | undefined }

const shortest = 24
const longest = 64 * 1024 * 1024

export function payloadIn(text: string): Payload | undefined {
  if (text.length < shortest || text.length > longest) return undefined
  // Keras 1 wrote the bytes as they are, one to a character.
  if (isMarshalledCode(Buffer.from(text.slice(0, 64), 'latin1'))) return { kind: 'code' }
  const plain = text.replace(/\s+/g, '')
  const head = decoded(plain.slice(0, 64))
  if (head === undefined) return undefined
  if (isMarshalledCode(head)) return { kind: 'code' }
  const isPickle = head[0] === 0x80 && (head[1] ?? 9) >= 2 && (head[1] ?? 9) <= 5
  const isZip = head.readUInt32BE(0) === 0x504b0304
  const isPacked =
    (head[0] === 0x1f && head[1] === 0x8b) || (head[0] === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(head[1] ?? 0))
  if (!isPickle && !isZip && !isPacked) return undefined
  const bytes = decoded(plain)
  return bytes === undefined ? undefined : { kind: 'content', bytes, format: isPickle ? 'pickle' : undefined }
}

/** Base64 with either alphabet, or hexadecimal digits. */
function decoded(text: string): Buffer | undefined {
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex')
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

/** Type `c`, with or without the flag for references, then the numbers of arguments, which are small (marshal.c). */
function isMarshalledCode(head: Buffer): boolean {
  if (head.length < 17 || (head[0] !== 0xe3 && head[0] !== 0x63)) return false
  return head.readUInt32LE(1) < 256 && head.readUInt32LE(5) < 256 && head.readUInt32LE(9) < 65_536
}
