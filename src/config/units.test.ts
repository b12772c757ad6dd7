import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { durationMs, sizeBytes } from './units.ts'

test('a duration is written with a unit, or as a number of milliseconds', () => {
  const cases = {
    '250ms': 250,
    '30s': 30_000,
    '5m': 300_000,
    '1h': 3_600_000,
    '30d': 2_592_000_000,
    '0.1s': 100,
    '1.5h': 5_400_000,
    '0ms': 0,
    '17': 17,
  }
  for (const [text, ms] of Object.entries(cases)) assert.equal(durationMs.parse(text), ms, text)
  assert.equal(durationMs.parse(1500), 1500)
})

test('a size is written with a binary unit, or as a number of bytes', () => {
  const cases = {
    '0B': 0,
    '64KiB': 65_536,
    '4MiB': 4_194_304,
    '1GiB': 2 ** 30,
    '0.5KiB': 512,
    '8TiB': 2 ** 43,
    '100': 100,
  }
  for (const [text, bytes] of Object.entries(cases)) assert.equal(sizeBytes.parse(text), bytes, text)
})

test('what is not a whole, exact, positive quantity is refused', () => {
  for (const text of [
    '',
    '-5s',
    '5 s',
    '5S',
    '5sec',
    's',
    '1e3s',
    '0.3ms',
    '9'.repeat(16),
    '999999999999999d',
    '٣s',
    '5s\n',
    '5s5m',
  ]) {
    assert.equal(durationMs.safeParse(text).success, false, text)
  }
  for (const value of [
    '4MB',
    '4mib',
    '0.1B',
    '99999999999TiB',
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    true,
    {},
  ]) {
    assert.equal(sizeBytes.safeParse(value).success, false, String(value))
  }
})

test('any accepted quantity is a safe non-negative integer, and any text is judged quickly', () => {
  const unit = fc.constantFrom('ms', 's', 'm', 'h', 'd', '', 'x')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 200 }),
        fc.tuple(fc.double(), unit).map(([n, u]) => `${n}${u}`),
      ),
      (text) => {
        const result = durationMs.safeParse(text)
        assert.ok(!result.success || (Number.isSafeInteger(result.data) && result.data >= 0))
      },
    ),
  )
  assert.equal(durationMs.safeParse('1'.repeat(1_000_000)).success, false)
})
