// Digests, keyed commitments and comparison: SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104).
import { createHmac, hash, timingSafeEqual } from 'node:crypto'

declare const brand: unique symbol

/** 64 lower-case hexadecimal digits. */
export type Sha256Hex = string & { readonly [brand]: 'Sha256Hex' }

/** SHA-256 of the bytes, or of the UTF-8 bytes of a string: 32 bytes. */
export function sha256(data: Uint8Array | string): Uint8Array {
  return hash('sha256', data, 'buffer')
}

/** SHA-256 as 64 lower-case hexadecimal digits. */
export function sha256Hex(data: Uint8Array | string): Sha256Hex {
  return hash('sha256', data, 'hex') as Sha256Hex
}

/**
 * Whether both are the same bytes (strings count as UTF-8), in a time that depends on the lengths only.
 * The length itself is not kept secret.
 */
export function equalConstantTime(a: Uint8Array | string, b: Uint8Array | string): boolean {
  const left = typeof a === 'string' ? Buffer.from(a) : a
  const right = typeof b === 'string' ? Buffer.from(b) : b
  return left.length === right.length && timingSafeEqual(left, right)
}

/**
 * HMAC-SHA-256 of a text as 64 lower-case hexadecimal digits: stands in the log for a personal value. Equal values
 * can still be found and counted, and once the key is destroyed nobody can say any more what the value was.
 */
export function commitment(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}
