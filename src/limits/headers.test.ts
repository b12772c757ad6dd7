import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BudgetState } from './budgets/budgets.ts'
import { budgetHeaders, joinHeaders, rateLimitHeaders } from './headers.ts'
import { type Charge, createLimiter } from './limiter.ts'

const charge: Charge = { scope: 'key', key: 'k1', rate: { count: 600, perMs: 60_000 }, burst: 60, cost: 1 }

test('an admitted request learns what is left and what the policy is', () => {
  const limiter = createLimiter({ now: () => 1_795_000_000_000 })
  assert.deepEqual(rateLimitHeaders(limiter.admit([charge])), {
    ratelimit: '"key";r=59;t=1',
    'ratelimit-policy': '"key";q=600;w=60;holdfast-burst=60',
  })
})

test('a refused request also learns in how many whole seconds to come back', () => {
  const limiter = createLimiter({ now: () => 1_795_000_000_000 })
  const slow = { ...charge, rate: { count: 1, perMs: 1500 }, burst: 1 }
  limiter.admit([slow])
  assert.deepEqual(rateLimitHeaders(limiter.admit([slow])), {
    ratelimit: '"key";r=0;t=2',
    'ratelimit-policy': '"key";q=1;w=2;holdfast-burst=1',
    'retry-after': '2',
  })
})

test('a request that no waiting helps is given no time', () => {
  const limiter = createLimiter({ now: () => 1_795_000_000_000 })
  assert.deepEqual(rateLimitHeaders(limiter.admit([{ ...charge, cost: 61 }])), {
    ratelimit: '"key";r=0',
    'ratelimit-policy': '"key";q=600;w=60;holdfast-burst=60',
  })
})

test('a request that was not charged has no such headers', () => {
  assert.deepEqual(rateLimitHeaders(createLimiter({ now: () => 0 }).admit([])), {})
})

test('the stated policy never promises more than the rate', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 100, max: 100_000 }), (count, perMs) => {
      const limiter = createLimiter({ now: () => 1_795_000_000_000 })
      const policy = rateLimitHeaders(limiter.admit([{ ...charge, rate: { count, perMs } }]))['ratelimit-policy'] ?? ''
      const [, quota, window] = /^"key";q=(\d+);w=(\d+);/.exec(policy)?.map(Number) ?? []
      assert.ok(quota !== undefined && window !== undefined && window >= 1)
      assert.ok(quota / (window * 1000) <= count / perMs)
    }),
  )
})

const state: BudgetState = {
  account: { budget: 'team-month', per: 'tenant', subject: 'acme', period: 'month', unit: 'tokens' },
  window: { start: 0, end: 30 * 86_400_000 },
  limit: 1000,
  spent: 600,
  reserved: 100,
  left: 300,
  resetMs: 86_400_000,
}

test('a budget is told by its name, what is left of it and when it is renewed', () => {
  assert.deepEqual(budgetHeaders({ allowed: true, tightest: state, retryAfterMs: 0 }), {
    ratelimit: '"team-month";r=300;t=86400',
    'ratelimit-policy': '"team-month";q=1000;w=2592000;qu="tokens"',
  })
  assert.deepEqual(budgetHeaders({ allowed: true, tightest: null, retryAfterMs: 0 }), {})
})

test('a refusal by a budget says that trying again is in vain, and when it no longer is', () => {
  const refused = budgetHeaders({ allowed: false, tightest: state, retryAfterMs: 86_400_000 })
  assert.equal(refused['retry-after'], '86400')
  assert.equal(refused['x-should-retry'], 'false')
  const never = budgetHeaders({ allowed: false, tightest: state, retryAfterMs: Infinity })
  assert.equal('retry-after' in never, false)
})

test('limits that answer together are one list, and their other headers stay', () => {
  const joined = joinHeaders(
    { ratelimit: '"key";r=1;t=1', 'retry-after': '1' },
    { ratelimit: '"b";r=2;t=2', 'retry-after': '9' },
  )
  assert.deepEqual(joined, { ratelimit: '"key";r=1;t=1, "b";r=2;t=2', 'retry-after': '9' })
})
