/** Cedar's `datetime` and `duration` (Cedar RFC 0080): 64-bit milliseconds since the epoch, and between two of them. */
import { EvaluationFailure } from './errors.ts'
import { add, divide, modulo, subtract, toLong } from './longs.ts'
import type { Datetime, Duration, Long } from './values.ts'

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
const DAY = UNITS.d

const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/
const MOMENT =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?(?:Z|([+-])([0-9]{2})([0-9]{2}))$/
const SPAN = /^(-?)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/

/**
 * `2026-11-20`, `2026-11-20T09:30:00Z` and `2026-11-20T09:30:00.250+0100`.
 *
 * @throws EvaluationFailure for any other form, and for a day or time that does not exist
 */
export function datetime(text: string): Datetime {
  const match = DATE.exec(text) ?? MOMENT.exec(text)
  if (match === null) throw notADatetime()
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0] = match.slice(1, 8).map(numberOrZero)
  const [zoneHour = 0, zoneMinute = 0] = match.slice(9, 11).map(numberOrZero)
  const days = daysSinceEpoch(year, month, day)
  if (days === undefined || hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) {
    throw notADatetime()
  }
  const zone = (match[8] === '-' ? -1 : 1) * (zoneHour * UNITS.h + zoneMinute * UNITS.m)
  return { kind: 'datetime', value: days * DAY + hour * UNITS.h + minute * UNITS.m + second * UNITS.s + ms - zone }
}

/**
 * `1d12h30m5s10ms`: any of the units, in this order, all under one sign.
 *
 * @throws EvaluationFailure for any other form, and when the sum does not fit into 64 bits
 */
export function duration(text: string): Duration {
  const match = SPAN.exec(text)
  const parts = match?.slice(2) ?? []
  if (match === null || parts.every((part) => part === undefined)) throw new EvaluationFailure('not a duration')
  const [days, hours, minutes, seconds, ms] = parts
  const magnitude =
    milliseconds(days, UNITS.d) +
    milliseconds(hours, UNITS.h) +
    milliseconds(minutes, UNITS.m) +
    milliseconds(seconds, UNITS.s) +
    milliseconds(ms, UNITS.ms)
  const value = toLong(match[1] === '-' ? -magnitude : magnitude)
  if (value === undefined) throw outOfRange()
  return { kind: 'duration', value }
}

export function offset(moment: Datetime, span: Duration): Datetime {
  return { kind: 'datetime', value: add(moment.value, span.value) }
}

/** Midnight (UTC) of the day. */
export function toDate(moment: Datetime): Datetime {
  return { kind: 'datetime', value: subtract(moment.value, modulo(moment.value, DAY)) }
}

/** Time since midnight (UTC). */
export function toTime(moment: Datetime): Duration {
  return { kind: 'duration', value: modulo(moment.value, DAY) }
}

/** Whole units in a duration, rounded towards zero. */
export function wholeUnits(span: Duration, unit: keyof typeof UNITS): Long {
  return divide(span.value, UNITS[unit])
}

function milliseconds(digits: string | undefined, unit: number): bigint {
  if (digits === undefined) return 0n
  const significant = digits.replace(/^0+/, '')
  // More than fit; not read, because reading a number takes longer than its digits.
  if (significant.length > 19) throw outOfRange()
  return BigInt(significant) * BigInt(unit)
}

function numberOrZero(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits)
}

/** Proleptic Gregorian; undefined for a day that does not exist. */
function daysSinceEpoch(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return exists ? date.getTime() / DAY : undefined
}

function notADatetime(): EvaluationFailure {
  return new EvaluationFailure('not a datetime: expected YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with Z or an offset')
}

function outOfRange(): EvaluationFailure {
  return new EvaluationFailure('duration out of range')
}
