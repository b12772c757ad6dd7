import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LimitsError } from './error.ts'
import { type Charge, createLimiter, type LimitScope } from './limiter.ts'

const epoch = 1_795_000_000_000

function charge(scope: LimitScope, key: string, over: Partial<Charge> = {}): Charge {
  return { scope, key, rate: { count: 60, perMs: 60_000 }, burst: 2, cost: 1, ...over }
}

function limiterAt(start = epoch, maxBuckets?: number) {
  const clock = { at: start }
  const limiter = createLimiter({ now: () => clock.at, ...(maxBuckets === undefined ? {} : { maxBuckets }) })
  return { clock, limiter }
}

test('a request passes when every one of its buckets has room, and the tightest is reported', () => {
  const { limiter } = limiterAt()
  const decision = limiter.admit([charge('key', 'k1'), charge('tenant', 't1', { burst: 100 })])
  assert.equal(decision.allowed, true)
  assert.equal(decision.scope, 'key')
  assert.equal(decision.limit, 2)
  assert.equal(decision.remaining, 1)
  assert.equal(decision.resetMs, 1000)
  assert.equal(decision.retryAfterMs, 0)
})

test('one empty bucket refuses the request and none of the others is charged', () => {
  const { limiter } = limiterAt()
  const tenant = charge('tenant', 't1', { burst: 3 })
  limiter.admit([charge('key', 'k1', { burst: 1 })])
  for (let i = 0; i < 10; i++) {
    const refused = limiter.admit([tenant, charge('key', 'k1', { burst: 1 })])
    assert.equal(refused.allowed, false)
    assert.equal(refused.scope, 'key')
  }
  assert.equal(limiter.admit([tenant]).remaining, 2)
})

test('of two empty buckets the one with the longer wait is reported, so that Retry-After is true for both', () => {
  const { limiter } = limiterAt()
  const slow = charge('tenant', 't1', { rate: { count: 1, perMs: 60_000 }, burst: 1 })
  const quick = charge('key', 'k1', { burst: 1 })
  limiter.admit([quick, slow])
  const refused = limiter.admit([quick, slow])
  assert.equal(refused.scope, 'tenant')
  assert.equal(refused.retryAfterMs, 60_000)
})

test('the same name in another scope is another bucket', () => {
  const { limiter } = limiterAt()
  limiter.admit([charge('key', 'acme', { burst: 1 })])
  assert.equal(limiter.admit([charge('tenant', 'acme', { burst: 1 })]).allowed, true)
})

test('a bucket named twice in one request is charged twice', () => {
  const { limiter } = limiterAt()
  assert.equal(limiter.admit([charge('key', 'k1'), charge('key', 'k1')]).remaining, 0)
  assert.equal(limiter.admit([charge('key', 'k1')]).allowed, false)
  assert.equal(limiterAt().limiter.admit([1, 2, 3].map(() => charge('key', 'k1'))).allowed, false)
})

test('a request without charges passes', () => {
  const decision = limiterAt().limiter.admit([])
  assert.equal(decision.allowed, true)
  assert.equal(decision.charge, null)
})

test('a cost above the burst is refused without a time to come back at', () => {
  const decision = limiterAt().limiter.admit([charge('key', 'k1', { cost: 3 })])
  assert.equal(decision.allowed, false)
  assert.equal(decision.retryAfterMs, Infinity)
})

test('a clock set back neither refills a bucket nor locks a client out', () => {
  const { clock, limiter } = limiterAt()
  const once = charge('key', 'k1', { burst: 1 })
  limiter.admit([once])
  clock.at -= 3_600_000
  assert.equal(limiter.admit([once]).allowed, false)
  clock.at += 1000
  assert.equal(limiter.admit([once]).allowed, true)
})

test('full buckets are dropped as new ones come', () => {
  const { clock, limiter } = limiterAt()
  for (let i = 0; i < 1000; i++) limiter.admit([charge('key', `old${i}`)])
  assert.equal(limiter.size, 1000)
  clock.at += 10_000
  for (let i = 0; i < 1000; i++) limiter.admit([charge('key', `new${i}`)])
  assert.ok(limiter.size <= 1001, String(limiter.size))
})

test('a flood of a million fresh keys stays within its memory and frees no known key of its debt', () => {
  const { clock, limiter } = limiterAt(epoch, 1000)
  const known = charge('key', 'known', { rate: { count: 1, perMs: 60_000 }, burst: 1 })
  assert.equal(limiter.admit([known]).allowed, true)
  let passed = 0
  for (let i = 0; i < 1_000_000; i++) {
    if (limiter.admit([charge('key', `flood${i}`, { burst: 5 })]).allowed) passed++
  }
  assert.ok(limiter.size <= 1004, String(limiter.size))
  assert.equal(passed, 999 + 5)
  assert.equal(limiter.admit([known]).allowed, false)

  clock.at += 60_000
  assert.equal(limiter.admit([known]).allowed, true)
  assert.equal(limiter.admit([charge('key', 'newcomer')]).allowed, true)
})

test('no bucket lets through more than its burst and its rate, whatever else happens', () => {
  const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const step = fc.record({
    gap: fc.integer({ min: -50, max: 700 }),
    key: keys,
    tenant: keys,
    cost: fc.integer({ min: 0, max: 3 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (steps, maxBuckets) => {
      const { clock, limiter } = limiterAt(epoch, maxBuckets)
      let elapsed = 0
      const spent = new Map<string, number>()
      for (const { gap, key, tenant, cost } of steps) {
        clock.at += gap
        elapsed += Math.max(0, gap)
        const charges = [charge('key', key, { cost, burst: 4 }), charge('tenant', tenant, { cost, burst: 9 })]
        if (!limiter.admit(charges).allowed) continue
        for (const { scope, key: name } of charges) spent.set(scope + name, (spent.get(scope + name) ?? 0) + cost)
      }
      for (const [name, units] of spent) {
        // Newcomers of a full table share a bucket, so one of them may have had what that one gives and what its own gives.
        const bound = (name.startsWith('key') ? 4 : 9) + elapsed / 1000
        assert.ok(units <= (maxBuckets >= 14 ? bound : 2 * bound), `${name} spent ${units} in ${elapsed} ms`)
      }
    }),
  )
})

test('a charge that makes no sense is an error, not a free pass', () => {
  const { limiter } = limiterAt()
  const senseless: Partial<Charge>[] = [
    { cost: Number.NaN },
    { cost: -1 },
    { burst: 0 },
    { burst: Number.NaN },
    { burst: Infinity },
    { rate: { count: 0, perMs: 1000 } },
    { rate: { count: Infinity, perMs: 1000 } },
    { rate: { count: 1, perMs: Number.NaN } },
    { rate: { count: -1, perMs: 1000 } },
  ]
  for (const over of senseless) {
    assert.throws(() => limiter.admit([charge('key', 'k1', over)]), LimitsError)
  }
  assert.equal(limiter.size, 0)
})
