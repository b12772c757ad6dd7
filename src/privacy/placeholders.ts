// Typed placeholders such as `[EMAIL_k3f9x2ab]`: what a model sees instead of a protected value.
// Grammar: `[` TYPE `_` TAG `]`, TYPE 2 to 16 of A-Z, TAG 8 of a-z2-7 (40 bits in RFC 4648 base32, lower case).
import { createHmac } from 'node:crypto'
import { PrivacyError } from './errors.ts'

/** The longest placeholder, in characters. */
export const LONGEST_PLACEHOLDER = 1 + 16 + 1 + 8 + 1

/** The type of text that merely looks like a placeholder, and is protected because of it. */
export const LITERAL = 'LITERAL'

const SHAPE = /\[[A-Z]{2,16}_[a-z2-7]{8}\]/g
const TYPE = /^[A-Z]{2,16}$/

const TYPES: ReadonlyMap<string, string> = new Map([
  ['email', 'EMAIL'],
  ['card', 'CARD'],
  ['iban', 'IBAN'],
  ['us_ssn', 'SSN'],
  ['phone', 'PHONE'],
  ['secret', 'SECRET'],
  ['literal', LITERAL],
])

/**
 * The TYPE for a kind of match. A secret of whatever kind is SECRET: which service a credential belongs to is nothing
 * that a model has to know.
 *
 * @param kind      as a detector names it: `email`, `us_ssn`, `aws_access_key`
 * @param category  `secret` makes every kind SECRET
 * @param overrides TYPE by kind, from the configuration
 * @returns 2 to 16 of A-Z; a kind without a name of its own gives its letters in upper case
 */
export function placeholderType(kind: string, category?: string, overrides?: Readonly<Record<string, string>>): string {
  const named = overrides && Object.hasOwn(overrides, kind) ? overrides[kind] : undefined
  if (named !== undefined) return named
  if (category === 'secret') return 'SECRET'
  const letters = TYPES.get(kind) ?? kind.replace(/[^A-Za-z]/g, '').toUpperCase()
  return letters.length < 2 ? 'DATA' : letters.slice(0, 16)
}

/**
 * The placeholder of a value in one session. The same key, type and value give the same placeholder, so a model can
 * reason about "the same person" and an upstream's prompt cache still hits when a client resends its history.
 *
 * @param key     the session's key, 32 bytes; without it a placeholder says nothing about its value
 * @param type    2 to 16 of A-Z
 * @param attempt 0 at first; 1, 2, … when the placeholder before belongs to another value of the session
 * @throws PrivacyError `invalid_type`
 */
export function derivePlaceholder(key: Uint8Array, type: string, value: string, attempt = 0): string {
  if (!TYPE.test(type)) throw new PrivacyError('invalid_type', 'A placeholder type is 2 to 16 of the letters A to Z.')
  let digest = createHmac('sha256', key).update(`${type}\0${value}`).digest()
  if (attempt > 0) digest = createHmac('sha256', key).update(digest).update(String(attempt)).digest()
  return `[${type}_${base32(digest.subarray(0, 5))}]`
}

/** Every piece of text that has the shape of a placeholder, whether one stands behind it or not. */
export function findPlaceholders(text: string): { placeholder: string; start: number; end: number }[] {
  if (!text.includes('[')) return []
  return Array.from(text.matchAll(SHAPE), (match) => ({
    placeholder: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }))
}

/**
 * Puts values back without asking where they stand: the inverse of pseudonymising, for text that never leaves the
 * house. What goes to a client is restored by `createRestorer`.
 */
export function replacePlaceholders(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(SHAPE, (placeholder) => values.get(placeholder) ?? placeholder)
}

/** Five bytes as eight characters. */
function base32(bytes: Uint8Array): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  let text = ''
  for (let shift = 35n; shift >= 0n; shift -= 5n) text += alphabet[Number((bits >> shift) & 31n)]
  return text
}
