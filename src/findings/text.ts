// Text that came from outside, made fit to be stored and logged. A finding must not be lost because of what an attacker
// wrote into a name, so text is repaired and cut rather than refused.

import { z } from 'zod'
import { FindingsError } from './error.ts'

/** At most `max` UTF-16 code units, well-formed, without NUL. */
export function clean(text: string, max: number): string {
  const whole = text.length <= max ? text : `${text.slice(0, max - 1)}…`
  return whole.toWellFormed().replaceAll('\0', '\uFFFD')
}

/** A schema for such text. */
export function cleaned(max: number): z.ZodType<string, string> {
  return z
    .string()
    .min(1)
    .transform((text) => clean(text, max))
}

/** @throws FindingsError `invalid` naming fields, never their values */
export function check<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
  throw new FindingsError('invalid', `${what}: ${problems.slice(0, 5).join('; ')}`)
}
