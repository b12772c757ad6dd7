import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EvaluationFailure } from './errors.ts'
import { callExtension } from './extensions.ts'
import type { Value } from './values.ts'

// That texts and functions mean what Cedar means by them is checked in agreement.test.ts and against Cedar's corpus.

test('a wrong number of arguments, a wrong type and an unknown function are errors of evaluation', () => {
  const address = callExtension('ip', ['10.0.0.1'])
  const cases: [string, Value[], RegExp][] = [
    ['ip', [], /expected 1, got 0/],
    ['ip', ['10.0.0.1', '10.0.0.2'], /expected 1, got 2/],
    ['isInRange', [address], /expected 2, got 1/],
    ['isInRange', [address, address, address], /expected 2, got 3/],
    ['isIpv4', [], /expected 1, got 0/],
    ['ip', [7], /expected string, got long/],
    ['isIpv4', ['10.0.0.1'], /expected ip, got string/],
    ['lessThan', [callExtension('decimal', ['1.0']), 1], /expected decimal, got long/],
    ['exec', ['ls'], /'exec' is not an extension function/],
    ['constructor', ['x'], /'constructor' is not an extension function/],
  ]
  for (const [name, args, message] of cases) assert.throws(() => callExtension(name, args), failure(message))
})

test('an address in a range is in it with all of its own range', () => {
  const inRange = (inner: string, outer: string) =>
    callExtension('isInRange', [callExtension('ip', [inner]), callExtension('ip', [outer])])
  assert.equal(inRange('10.1.2.3', '10.0.0.0/8'), true)
  assert.equal(inRange('10.0.0.0/7', '10.0.0.0/8'), false)
  assert.equal(inRange('10.1.2.3', '::/0'), false)
  assert.equal(inRange('2001:db8::1', '2001:db8::/32'), true)
})

test('days and times of day are those of UTC, before 1970 too', () => {
  const at = (text: string) => callExtension('datetime', [text])
  assert.deepEqual(callExtension('toDate', [at('1969-12-31T23:59:59.999Z')]), at('1969-12-31'))
  assert.deepEqual(callExtension('toTime', [at('1969-12-31T00:00:01Z')]), callExtension('duration', ['1s']))
  assert.deepEqual(at('2024-02-29T01:00:00+0100'), at('2024-02-29'))
  assert.throws(() => at('2023-02-29'), failure(/not a datetime/))
})

test('a duration and a datetime overflow at 64 bits', () => {
  const span = (text: string) => callExtension('duration', [text])
  assert.throws(() => span('9223372036854775808ms'), failure(/out of range/))
  assert.throws(() => span(`${'9'.repeat(100_000)}d`), failure(/out of range/))
  assert.deepEqual(span(`${'0'.repeat(100_000)}5d`), span('5d'))
  const most = span('9223372036854775807ms')
  assert.throws(() => callExtension('offset', [callExtension('datetime', ['1970-01-02']), most]), failure(/overflow/))
})

test('a long text that is no value is refused in time linear in its length', () => {
  for (const name of ['ip', 'decimal', 'datetime', 'duration']) {
    for (const text of ['1', '0', '1d', '-', ':', '1.', '1ms'].map((part) => part.repeat(200_000))) {
      assert.throws(() => callExtension(name, [text]), EvaluationFailure)
    }
  }
})

function failure(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof EvaluationFailure && message.test(error.message)
}
