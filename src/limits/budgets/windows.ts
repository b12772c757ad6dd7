// Calendar windows: the minute, hour, day or month that a moment lies in, in UTC or in the time of a place. Days of 23
// and 25 hours, months of 28 to 31 days and zones off by half an hour come out as the calendar has them (ECMA-402 Temporal).

export const periods = ['minute', 'hour', 'day', 'month'] as const
export type Period = (typeof periods)[number]

/** ms since the epoch; `end` is the first moment that no longer belongs to it. */
export interface Window {
  readonly start: number
  readonly end: number
}

/**
 * The window that `at` lies in.
 *
 * @param at        ms since the epoch
 * @param timeZone  an IANA name such as `Europe/Berlin`, or `UTC`
 * @throws RangeError when there is no such time zone
 */
export function windowAt(at: number, period: Period, timeZone: string): Window {
  // Minutes begin together everywhere: today's offsets are whole minutes.
  if (period === 'minute') return { start: at - (((at % minuteMs) + minuteMs) % minuteMs), end: nextMinute(at) }
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone)
  if (period === 'hour') return hourOf(at, local)
  const first = (period === 'day' ? local : local.with({ day: 1 })).startOfDay()
  const next = first.add(period === 'day' ? { days: 1 } : { months: 1 }).startOfDay()
  return { start: first.epochMilliseconds, end: next.epochMilliseconds }
}

/** As `windowAt`, and remembers the last window of each kind: reading a calendar costs some microseconds. */
export function createCalendar(timeZone: string): (at: number, period: Period) => Window {
  const latest = new Map<Period, Window>()
  return (at, period) => {
    const known = latest.get(period)
    if (known !== undefined && at >= known.start && at < known.end) return known
    const window = windowAt(at, period, timeZone)
    latest.set(period, window)
    return window
  }
}

/**
 * Until when a window is remembered, ms since the epoch: a clock that was set back must find what had been spent. An hour
 * after a minute has ended, a day after an hour, twice its length after a day or a month.
 */
export function keptUntil({ start, end }: Window): number {
  const length = end - start
  return end + (length <= minuteMs ? hourMs : Math.max(24 * hourMs, 2 * length))
}

export function isTimeZone(name: string): boolean {
  try {
    windowAt(0, 'day', name)
    return true
  } catch {
    return false
  }
}

/** An hour that the clocks repeat is two windows, since it is two hours of work. */
function hourOf(at: number, local: Temporal.ZonedDateTime): Window {
  const intoHour = (local.minute * 60 + local.second) * 1000 + local.millisecond
  const start = at - intoHour
  const end = start + hourMs
  // Half an hour is the smallest change of a clock (Lord Howe): then the hour ends or begins with the change.
  const change = local.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity
  const before = local.add({ nanoseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds ?? -Infinity
  return { start: Math.max(start, before), end: Math.min(end, change) }
}

function nextMinute(at: number): number {
  return (Math.floor(at / minuteMs) + 1) * minuteMs
}

const minuteMs = 60_000
const hourMs = 3_600_000
