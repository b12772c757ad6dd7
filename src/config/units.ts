// Durations and sizes as people write them, read into milliseconds and bytes.

import { z } from 'zod'

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const sizeUnits: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

/**
 * A duration: `250ms`, `30s`, `5m`, `1h`, `30d`, or a number of milliseconds. Gives whole milliseconds, >= 0.
 * Node's timers end at 2^31-1 ms (24.8 days): a longer one needs a clock comparison, not `setTimeout`.
 */
export const durationMs = quantity(durationUnits, 'a duration such as 250ms, 30s, 5m, 1h or 30d')

/** A size: `64KiB`, `4MiB`, `1GiB`, or a number of bytes. Gives whole bytes, >= 0. Units are powers of 1024. */
export const sizeBytes = quantity(sizeUnits, 'a size such as 512B, 64KiB, 4MiB or 1GiB')

function quantity(units: Readonly<Record<string, number>>, what: string) {
  // Digits are bounded so that the pattern and the number both stay exact.
  const pattern = new RegExp(`^(\\d{1,15}(?:\\.\\d{1,6})?)(${Object.keys(units).join('|')})?$`)
  const error = `expected ${what}`
  return z
    .union([z.int().min(0), z.string().regex(pattern, { error })], { error })
    .transform((value, context) => {
      const amount = typeof value === 'number' ? value : toAmount(pattern.exec(value), units)
      if (Number.isSafeInteger(amount)) return amount
      context.addIssue({ code: 'custom', message: `${error}, a whole number of the smallest unit` })
      return z.NEVER
    })
    .describe(`${what.charAt(0).toUpperCase()}${what.slice(1)}.`)
}

function toAmount(match: RegExpExecArray | null, units: Readonly<Record<string, number>>): number {
  const [, digits = '', unit] = match ?? []
  const amount = Number(digits) * (unit === undefined ? 1 : (units[unit] ?? Number.NaN))
  // 0.1s is 100.00000000000001 in binary: round what is a rounding error, and refuse what is not.
  return Math.abs(amount - Math.round(amount)) < 1e-6 ? Math.round(amount) : Number.NaN
}
