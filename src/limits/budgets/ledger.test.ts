import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LimitsError } from '../error.ts'
import { createLedger, type Line } from './ledger.ts'

const window = { start: 0, end: 60_000 }
const line = (account: string, amount: number, limit = 100, start = 0): Line => ({
  account,
  amount,
  limit,
  window: { start, end: start + 60_000 },
})

test('a reservation is taken from what is left, and what was not spent is given back', () => {
  const ledger = createLedger()
  assert.equal(ledger.reserve('a', [line('x', 60)]).ok, true)
  assert.equal(ledger.reserve('b', [line('x', 60)]).ok, false)
  ledger.settle('a', [15])
  assert.deepEqual(ledger.balances(), [{ account: 'x', window, limit: 100, spent: 15, reserved: 0 }])
  assert.equal(ledger.reserve('b', [line('x', 85)]).ok, true)
})

test('of several accounts, one without room refuses all, and none is charged', () => {
  const ledger = createLedger()
  ledger.reserve('a', [line('y', 100)])
  const refused = ledger.reserve('b', [line('x', 1), line('y', 1)])
  assert.ok(!refused.ok)
  assert.deepEqual(
    refused.refused.map(({ line }) => line.account),
    ['y'],
  )
  assert.deepEqual(
    ledger.balances().map(({ account, reserved }) => [account, reserved]),
    [
      ['y', 100],
      ['x', 0],
    ],
  )
})

test('what is spent belongs to the window in which it was reserved', () => {
  const ledger = createLedger()
  ledger.reserve('a', [line('x', 50, 100, 0)])
  ledger.reserve('b', [line('x', 50, 100, 60_000)])
  ledger.settle('a', [40])
  const spent = ledger.balances().map(({ window, spent, reserved }) => [window.start, spent, reserved])
  assert.deepEqual(spent, [
    [0, 40, 0],
    [60_000, 0, 50],
  ])
})

test('a second settlement does nothing', () => {
  const ledger = createLedger()
  ledger.reserve('a', [line('x', 50)])
  assert.notEqual(ledger.settle('a', [50]), undefined)
  assert.equal(ledger.settle('a', [50]), undefined)
  assert.equal(ledger.balances()[0]?.spent, 50)
})

test('an overrun is booked in full, and leaves no room', () => {
  const ledger = createLedger()
  ledger.reserve('a', [line('x', 50)])
  ledger.settle('a', [500])
  assert.equal(ledger.balances()[0]?.spent, 500)
  assert.equal(ledger.reserve('b', [line('x', 0)]).ok, false)
})

test('an amount that is no whole number is refused, and so is an id that is taken', () => {
  const ledger = createLedger()
  for (const amount of [Number.NaN, -1, 1.5, Infinity, 1e16])
    assert.throws(() => ledger.reserve('a', [line('x', amount)]), LimitsError)
  ledger.reserve('a', [line('x', 1)])
  assert.throws(() => ledger.reserve('a', [line('x', 1)]), { code: 'duplicate_id' })
  assert.throws(() => ledger.settle('a', []), { code: 'invalid_charge' })
  assert.equal(ledger.balances()[0]?.reserved, 1)
})

test('windows are forgotten when nothing is reserved in them and the clock cannot come back to them', () => {
  const ledger = createLedger()
  ledger.reserve('a', [line('x', 1)])
  ledger.reserve('b', [line('y', 1)])
  ledger.settle('b', [1])
  ledger.forget(60_000 + 3_600_000 - 1)
  assert.equal(ledger.balances().length, 2)
  ledger.forget(60_000 + 3_600_000)
  assert.deepEqual(
    ledger.balances().map(({ account }) => account),
    ['x'],
  )
})

test('whatever is reserved and settled in whatever order, no limit is exceeded and no unit is lost', () => {
  const limit = 20
  const step = fc.record({
    id: fc.nat(9),
    lines: fc.uniqueArray(
      fc.record({ account: fc.constantFrom('x', 'y', 'z'), amount: fc.nat(12), start: fc.constantFrom(0, 60_000) }),
      { selector: ({ account }) => account, minLength: 1 },
    ),
    /** What is spent, as a share of what was reserved. */
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const ledger = createLedger()
      const open = new Map<string, readonly Line[]>()
      let spent = 0
      for (const { id: number, lines: asked, share } of steps) {
        const id = `${number}`
        const held = open.get(id)
        if (held !== undefined) {
          const amounts = held.map(({ amount }) => Math.floor(amount * share))
          ledger.settle(id, amounts)
          open.delete(id)
          spent += amounts.reduce((sum, amount) => sum + amount, 0)
        } else {
          const lines = asked.map(({ account, amount, start }) => line(account, amount, limit, start))
          if (ledger.reserve(id, lines).ok) open.set(id, lines)
        }
        const balances = ledger.balances()
        for (const balance of balances) assert.ok(balance.spent + balance.reserved <= limit)
        const reserved = [...open.values()].flat().reduce((sum, { amount }) => sum + amount, 0)
        assert.equal(
          balances.reduce((sum, balance) => sum + balance.reserved, 0),
          reserved,
        )
        assert.equal(
          balances.reduce((sum, balance) => sum + balance.spent, 0),
          spent,
        )
      }
    }),
  )
})
