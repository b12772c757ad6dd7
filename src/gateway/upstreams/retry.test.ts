import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UpstreamError } from './error.ts'
import { createRetryBudget, isRepeatable, readRetryAfter, retrySchema, waitBefore } from './retry.ts'

const settings = retrySchema.parse(undefined)
const failed = (code: ConstructorParameters<typeof UpstreamError>[0], progress: 'waiting' | 'connecting' | 'sent') => ({
  error: new UpstreamError(code, 'x', { progress }),
})

test('a request that may have left is repeated only if the operation is idempotent', () => {
  for (const operation of ['chat', 'completions', 'messages', 'unknown', 'something new']) {
    for (const code of [
      'reset',
      'headers_timeout',
      'idle_timeout',
      'total_timeout',
      'bad_response',
      'redirect',
    ] as const)
      assert.equal(isRepeatable(failed(code, 'sent'), operation, settings), false, `${operation} ${code}`)
    for (const status of [400, 401, 404, 408, 409, 425, 500, 502, 504])
      assert.equal(isRepeatable({ status }, operation, settings), false, `${operation} ${status}`)
  }
  for (const operation of ['embeddings', 'count_tokens', 'models']) {
    assert.equal(isRepeatable(failed('reset', 'sent'), operation, settings), true)
    assert.equal(isRepeatable({ status: 502 }, operation, settings), true)
    assert.equal(isRepeatable({ status: 400 }, operation, settings), false)
    assert.equal(isRepeatable(failed('redirect', 'sent'), operation, settings), false)
  }
  assert.equal(isRepeatable(failed('reset', 'sent'), 'embeddings', { ...settings, idempotent: [] }), false)
})

test('a request that cannot have left may be repeated, and one that the client gave up may not', () => {
  for (const progress of ['waiting', 'connecting'] as const) {
    assert.equal(isRepeatable(failed('connect_timeout', progress), 'chat', settings), true)
    assert.equal(isRepeatable(failed('aborted', progress), 'chat', settings), false)
  }
})

test('an upstream that says that it did nothing is believed', () => {
  for (const status of [429, 503, 529]) assert.equal(isRepeatable({ status }, 'chat', settings), true)
  assert.equal(isRepeatable({ status: 503 }, 'chat', { ...settings, statuses: [429] }), false)
})

test('repeated calls are never more than their share of the first ones, and the burst', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20 }).map((n) => n / 20),
      fc.nat(30),
      fc.array(fc.nat(5), { maxLength: 300 }),
      (ratio, burst, wishes) => {
        const budget = createRetryBudget(ratio, burst)
        let [first, repeated] = [0, 0]
        for (const wish of wishes) {
          first++
          budget.deposit()
          for (let n = 0; n < wish; n++) if (budget.withdraw()) repeated++
          assert.ok(repeated <= first * ratio + burst + 1e-6, `${repeated} for ${first}`)
        }
      },
    ),
  )
})

test('five calls pay for one more, exactly', () => {
  const budget = createRetryBudget(0.2, 0)
  for (let round = 0; round < 100; round++) {
    for (let n = 0; n < 5; n++) {
      assert.equal(budget.withdraw(), false)
      budget.deposit()
    }
    assert.equal(budget.withdraw(), true)
  }
})

test('the wait grows with each round, honours Retry-After, and is never longer than allowed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.option(fc.nat(5000), { nil: undefined }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (round, retryAfter, random) => {
        const wait = waitBefore(round, retryAfter, settings, random)
        if (retryAfter !== undefined && retryAfter > settings.maxWait) assert.equal(wait, undefined)
        else assert.ok(wait !== undefined && wait >= (retryAfter ?? 0) && wait <= settings.maxWait)
      },
    ),
  )
  assert.equal(waitBefore(1, undefined, settings, 1), 100)
  assert.equal(waitBefore(3, undefined, settings, 1), 400)
})

test('Retry-After is whole seconds or an HTTP date, and nothing else', () => {
  const now = Date.parse('2026-11-20T12:00:00Z')
  const read = (value: string | undefined) => readRetryAfter(value, now)
  assert.equal(read('0'), 0)
  assert.equal(read('17'), 17_000)
  assert.equal(read('Fri, 20 Nov 2026 12:00:05 GMT'), 5000)
  assert.equal(read('Fri, 20 Nov 2026 11:00:00 GMT'), 0)
  for (const value of [undefined, '', '-1', '1.5', 'soon', '1e3', '99999999999', '2026-11-20', ' 5'])
    assert.equal(read(value), undefined, `${value}`)
  fc.assert(fc.property(fc.string(), (value) => (read(value) ?? 0) >= 0))
})
