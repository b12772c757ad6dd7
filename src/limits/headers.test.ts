import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rateLimitHeaders } from './headers.ts'
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
