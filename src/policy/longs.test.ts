import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EvaluationFailure } from './errors.ts'
import { add, divide, modulo, multiply, negate, subtract, toLong } from './longs.ts'
import type { Long } from './values.ts'

const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n

/** Any 64-bit integer, often one at the edge of 32, 53 or 64 bits. */
const long = fc
  .oneof(
    fc.bigInt({ min: MIN, max: MAX }),
    fc.integer().map(BigInt),
    fc
      .tuple(
        fc.constantFrom(MIN, MAX, 2n ** 53n, -(2n ** 53n), 2n ** 31n, 3037000500n, 0n),
        fc.integer({ min: -2, max: 2 }),
      )
      .map(([edge, by]) => edge + BigInt(by)),
  )
  .filter((exact) => exact >= MIN && exact <= MAX)

test('sums, differences and products are those of 64-bit integers, and an overflow is an error', () => {
  const operations: [(a: Long, b: Long) => Long, (a: bigint, b: bigint) => bigint][] = [
    [add, (a, b) => a + b],
    [subtract, (a, b) => a - b],
    [multiply, (a, b) => a * b],
  ]
  fc.assert(
    fc.property(long, long, fc.constantFrom(...operations), (a, b, [ours, exact]) => {
      assert.equal(
        outcome(() => ours(of(a), of(b))),
        expected(exact(a, b)),
      )
    }),
  )
})

test('a negation overflows only for the smallest long', () => {
  fc.assert(
    fc.property(long, (a) =>
      assert.equal(
        outcome(() => negate(of(a))),
        expected(-a),
      ),
    ),
  )
  assert.equal(
    outcome(() => negate(of(MIN))),
    'overflow',
  )
})

test('quotients are rounded towards zero, and remainders are never negative', () => {
  fc.assert(
    fc.property(long, fc.constantFrom(1, 1_000, 60_000, 86_400_000), (a, divisor) => {
      const by = BigInt(divisor)
      assert.equal(BigInt(divide(of(a), divisor)), a / by)
      assert.equal(BigInt(modulo(of(a), divisor)), ((a % by) + by) % by)
    }),
  )
})

test('a long is a bigint only when a number would not be exact, so that equal longs are identical', () => {
  assert.equal(of(2n ** 53n - 1n), Number.MAX_SAFE_INTEGER)
  assert.equal(of(2n ** 53n), 2n ** 53n)
  assert.equal(add(Number.MAX_SAFE_INTEGER, 1), 2n ** 53n)
  assert.equal(subtract(2n ** 53n, 1), Number.MAX_SAFE_INTEGER)
  assert.equal(toLong(MAX + 1n), undefined)
  assert.equal(toLong(MIN - 1n), undefined)
})

function of(exact: bigint): Long {
  const value = toLong(exact)
  assert.ok(value !== undefined)
  return value
}

function expected(exact: bigint): Long | 'overflow' {
  return toLong(exact) ?? 'overflow'
}

/** -0 is 0. */
function outcome(calculate: () => Long): Long | 'overflow' {
  try {
    const value = calculate()
    return value === 0 ? 0 : value
  } catch (failure) {
    assert.ok(failure instanceof EvaluationFailure)
    return 'overflow'
  }
}
