/** Cedar's `decimal`: fixed point with one to four decimals, kept as a 64-bit integer of ten-thousandths (RFC 0036). */
import { EvaluationFailure } from './errors.ts'
import { toLong } from './longs.ts'
import type { Decimal } from './values.ts'

// Any number of leading zeros, as Cedar allows; 15 further digits are the most that fit.
const FORM = /^(-?)0*([0-9]{1,15})\.([0-9]{1,4})$/

/** @throws EvaluationFailure when the text is no decimal, or is out of range (±922337203685477.5807) */
export function decimal(text: string): Decimal {
  const match = FORM.exec(text)
  if (match === null) throw new EvaluationFailure('not a decimal: expected digits, a point and one to four digits')
  const [, sign, whole = '', fraction = ''] = match
  const magnitude = BigInt(whole) * 10_000n + BigInt(fraction.padEnd(4, '0'))
  const value = toLong(sign === '-' ? -magnitude : magnitude)
  if (value === undefined) throw new EvaluationFailure('decimal out of range')
  return { kind: 'decimal', value }
}
