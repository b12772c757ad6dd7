import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { limitsSchema } from './schema.ts'

test('without any configuration a key gets 600 requests a minute, a body 4 MiB and headers 16 KiB', () => {
  assert.deepEqual(z.object({ limits: limitsSchema }).parse({}).limits, {
    rates: { key: { requests: 600, per: 60_000, burst: 60 } },
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
