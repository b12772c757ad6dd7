// Small secrets at rest: AES-256-GCM (NIST SP 800-38D) over one buffer.
//
//   version 0x01 | nonce, 12 random bytes | ciphertext | tag, 16 bytes
//
// For files there is a chunked format; this one is for rows and fields.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { CryptoError } from './errors.ts'

const version = 1
const nonceBytes = 12
const tagBytes = 16
const keyBytes = 32

/**
 * Encrypts `plaintext` so that `open` with the same key and the same `aad` gives it back.
 *
 * The nonce is the one random value that no caller may choose: with AES-GCM a nonce used twice gives away the
 * authentication key. SP 800-38D section 8.3 allows 2^32 calls a key.
 *
 * @param key  32 bytes
 * @param aad  what the bytes belong to (row, tenant, purpose); not secret and not stored, but a sealed value moved
 *             to another place does not open there
 * @throws CryptoError `argument` when the key is not 32 bytes
 */
export function seal(key: Uint8Array, plaintext: Uint8Array | string, aad: Uint8Array | string): Uint8Array {
  requireKey(key)
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(aad))
  const body = cipher.update(plaintext)
  cipher.final()
  return Buffer.concat([Uint8Array.of(version), nonce, body, cipher.getAuthTag()])
}

/**
 * The plaintext of a sealed value.
 *
 * @throws CryptoError `sealed` when the bytes are cut, changed, of another version, or belong to another key or aad;
 *         it does not say which. `argument` when the key is not 32 bytes.
 */
export function open(key: Uint8Array, sealed: Uint8Array, aad: Uint8Array | string): Uint8Array {
  requireKey(key)
  if (sealed.length < 1 + nonceBytes + tagBytes) throw new CryptoError('sealed', 'the sealed value is cut short')
  if (sealed[0] !== version)
    throw new CryptoError('sealed', `the sealed value has version ${sealed[0]}, not ${version}`)
  const nonce = sealed.subarray(1, 1 + nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(aad)).setAuthTag(sealed.subarray(-tagBytes))
  const plaintext = decipher.update(sealed.subarray(1 + nonceBytes, -tagBytes))
  try {
    decipher.final()
  } catch {
    throw new CryptoError('sealed', 'the sealed value does not open with this key here')
  }
  return plaintext
}

function requireKey(key: Uint8Array): void {
  if (key.length !== keyBytes)
    throw new CryptoError('argument', `a key of ${keyBytes} bytes is needed, not ${key.length}`)
}
