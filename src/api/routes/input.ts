// Parts of what several operations take.
import { z } from 'zod'
import type { Caller } from '../route.ts'

export function idOf(pattern: RegExp, description: string) {
  return z.string().max(64).regex(pattern, { error: 'is not the form of an id' }).describe(description)
}

export const reason = z.string().min(1).max(1000).describe('Why, for the log and for whoever reads it later.')

export const idempotency = z.strictObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,100}$/, { error: 'expected 1 to 100 visible ASCII characters' })
    .optional()
    .describe('Send the same again after a broken connection: it is done once, and the answer is the same.'),
})

/** Each caller has keys of its own: nobody is given what was done for another. */
export function idempotencyKeyOf(key: string | undefined, { principal }: Caller): string | undefined {
  return key === undefined ? undefined : `api:${principal.id.slice(0, 140)}:${key}`
}

/** A time as programs write it, in a query. */
export const queryTime = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
