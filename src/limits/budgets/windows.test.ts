import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createCalendar, isTimeZone, type Period, periods, windowAt } from './windows.ts'

const hour = 3_600_000
const at = (text: string) => Date.parse(text)
const lengthOf = ({ start, end }: { start: number; end: number }) => (end - start) / hour

test('a day of a place begins and ends at its midnight, with 23 or 25 hours when the clocks change', () => {
  const spring = windowAt(at('2026-03-29T12:00:00Z'), 'day', 'Europe/Berlin')
  assert.deepEqual(spring, { start: at('2026-03-28T23:00:00Z'), end: at('2026-03-29T22:00:00Z') })
  assert.equal(lengthOf(windowAt(at('2026-10-25T12:00:00Z'), 'day', 'Europe/Berlin')), 25)
  assert.equal(lengthOf(windowAt(at('2026-03-29T12:00:00Z'), 'day', 'UTC')), 24)
})

test('where midnight does not exist, the day begins when the clocks have moved on', () => {
  // Beirut changed at midnight: 27 March 2022 began at 01:00.
  const day = windowAt(at('2022-03-27T12:00:00Z'), 'day', 'Asia/Beirut')
  assert.deepEqual(day, { start: at('2022-03-26T22:00:00Z'), end: at('2022-03-27T21:00:00Z') })
})

test('a month has as many days as the calendar says, leap years included', () => {
  const days = (text: string, zone: string) => lengthOf(windowAt(at(text), 'month', zone)) / 24
  assert.equal(days('2026-02-10T00:00:00Z', 'UTC'), 28)
  assert.equal(days('2028-02-29T23:59:59Z', 'UTC'), 29)
  assert.equal(days('2026-01-31T23:59:59.999Z', 'UTC'), 31)
  assert.equal(days('2026-03-10T00:00:00Z', 'Europe/Berlin'), 31 - 1 / 24)
  // Already March in Auckland.
  assert.equal(windowAt(at('2026-02-28T12:00:00Z'), 'month', 'Pacific/Auckland').start, at('2026-02-28T11:00:00Z'))
})

test('an hour that the clocks repeat is two windows', () => {
  const first = windowAt(at('2026-10-25T00:30:00Z'), 'hour', 'Europe/Berlin')
  const second = windowAt(at('2026-10-25T01:30:00Z'), 'hour', 'Europe/Berlin')
  assert.equal(first.end, second.start)
  assert.equal(second.end - first.start, 2 * hour)
})

test('an hour of a place that is half an hour off begins with its own hour', () => {
  assert.equal(windowAt(at('2026-05-01T00:45:00Z'), 'hour', 'Asia/Kolkata').start, at('2026-05-01T00:30:00Z'))
})

test('windows lie side by side: each moment is in exactly one, and it ends where the next begins', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia']
  fc.assert(
    fc.property(
      fc.integer({ min: at('2000-01-01T00:00:00Z'), max: at('2060-01-01T00:00:00Z') }),
      fc.constantFrom<Period>(...periods),
      fc.constantFrom(...zones),
      (moment, period, zone) => {
        const window = windowAt(moment, period, zone)
        assert.ok(window.start <= moment && moment < window.end)
        assert.deepEqual(windowAt(window.start, period, zone), window)
        assert.deepEqual(windowAt(window.end - 1, period, zone), window)
        assert.equal(windowAt(window.end, period, zone).start, window.end)
        assert.deepEqual(createCalendar(zone)(moment, period), window)
      },
    ),
  )
})

test('a time zone that does not exist is known as such', () => {
  assert.equal(isTimeZone('Europe/Berlin'), true)
  assert.equal(isTimeZone('Europe/Atlantis'), false)
})
