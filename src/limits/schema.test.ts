import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { limitsSchema } from './schema.ts'

test('without any configuration a key gets 600 requests a minute, 64 at once, a body 4 MiB and no budget', () => {
  assert.deepEqual(z.object({ limits: limitsSchema }).parse({}).limits, {
    rates: { key: { requests: 600, per: 60_000, burst: 60 } },
    concurrency: { key: 64, models: [], leaseTimeout: 900_000 },
    budgets: [],
    timeZone: 'UTC',
    prices: [],
    tokens: { families: [], bound: 'usual', maxOutput: 4096, uninspected: 2000 },
    addresses: { failures: 600, records: 60, recordsInTotal: 600, trustedProxies: [] },
    maxBodyBytes: 4_194_304,
    maxHeaderBytes: 16_384,
    headerTimeout: 10_000,
    bodyTimeout: 30_000,
    totalTimeout: 600_000,
  })
})

test('rates, sizes and times are written as people say them', () => {
  const limits = limitsSchema.parse({
    rates: { tenant: { requests: 10_000, per: '1h', burst: 100 } },
    maxBodyBytes: '1MiB',
    bodyTimeout: '2m',
  })
  assert.deepEqual(limits.rates, { tenant: { requests: 10_000, per: 3_600_000, burst: 100 } })
  assert.equal(limits.maxBodyBytes, 1_048_576)
  assert.equal(limits.bodyTimeout, 120_000)
})

test('a rate that would refuse everything, and a time that no timer can wait for, are refused', () => {
  const refused = [
    { rates: { key: { requests: 0, per: '1m' } } },
    { rates: { key: { requests: 1, per: '1ms' } } },
    { rates: { key: { requests: 10, per: '1m', burst: 0 } } },
    { rates: { user: { requests: 10, per: '1m' } } },
    { totalTimeout: '30d' },
    { totalTimeout: 0 },
    { maxBodyBytes: '1TiB' },
  ]
  for (const limits of refused) assert.equal(limitsSchema.safeParse(limits).success, false, JSON.stringify(limits))
})

test('money is written in the currency and kept in whole micro-units', () => {
  const budget = { name: 'a', per: 'key', every: 'month' }
  const [{ cost } = { cost: 0 }] = limitsSchema.parse({ budgets: [{ ...budget, cost: 0.1 }] }).budgets
  assert.equal(cost, 100_000)
  const [price] = limitsSchema.parse({ prices: [{ models: ['*'], input: 0.15, output: 0.6, cached: 0.075 }] }).prices
  assert.deepEqual([price?.input, price?.output, price?.cached], [150_000, 600_000, 75_000])
  for (const wrong of [0.1234567, -1, 0, Number.NaN, 1e10])
    assert.equal(limitsSchema.safeParse({ budgets: [{ ...budget, cost: wrong }] }).success, false, `${wrong}`)
})

test('a budget that says nothing, has no name of its own or counts in a zone that does not exist is refused', () => {
  const budget = { name: 'a', per: 'key', every: 'month', requests: 1 }
  const refused = [
    { budgets: [{ name: 'a', per: 'key', every: 'month' }] },
    { budgets: [budget, budget] },
    { budgets: [{ ...budget, name: 'A b' }] },
    { budgets: [{ ...budget, every: 'week' }] },
    { budgets: [{ ...budget, only: [] }] },
    { budgets: [budget], timeZone: 'Europe/Atlantis' },
    { concurrency: { leaseTimeout: '10m' } },
    { concurrency: { key: 0 } },
    { addresses: { trustedProxies: ['10.0.0.0/33'] } },
    { addresses: { trustedProxies: ['example.com'] } },
  ]
  for (const limits of refused) assert.equal(limitsSchema.safeParse(limits).success, false, JSON.stringify(limits))
})
