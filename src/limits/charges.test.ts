import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chargesFor } from './charges.ts'

const subject = { key: 'k1', principal: 'alice', tenant: 'acme', route: 'chat' }

test('each scope that has a rate is charged, under the name of who asks', () => {
  const rates = { key: { requests: 600, per: 60_000, burst: 60 }, tenant: { requests: 10, per: 1000, burst: 20 } }
  assert.deepEqual(chargesFor(rates, subject), [
    { scope: 'key', key: 'k1', rate: { count: 600, perMs: 60_000 }, burst: 60, cost: 1 },
    { scope: 'tenant', key: 'acme', rate: { count: 10, perMs: 1000 }, burst: 20, cost: 1 },
  ])
})

test('a rate without a burst lets a tenth of its requests arrive at once, and always one', () => {
  const rates = { key: { requests: 600, per: 60_000 }, route: { requests: 3, per: 1000 } }
  assert.deepEqual(
    chargesFor(rates, subject).map((charge) => charge.burst),
    [60, 1],
  )
})
