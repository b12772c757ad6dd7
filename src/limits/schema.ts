// The `limits` part of holdfast.yaml: how often, how many at once, how much and how long a client may ask.

import { z } from 'zod'
import { durationMs, sizeBytes } from '#config'
import { addressesSchema } from './addresses/schema.ts'
import { budgetsSchema, pricesSchema, timeZoneSchema } from './budgets/schema.ts'
import { modelPatterns } from './patterns.ts'
import { tokensSchema } from './tokens/schema.ts'

/** A longer timer fires at once: Node's timers take a signed 32-bit number of milliseconds. */
const maxTimerMs = 2 ** 31 - 1

const rateSchema = z.strictObject({
  requests: z.int().min(1).max(1_000_000_000).describe('Requests in each period, sustained.'),
  per: durationMs.pipe(z.number().min(100)).describe('The period, such as 1s, 1m or 1d.'),
  burst: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .describe('Requests that may arrive at once. Default: a tenth of `requests`, at least 1.'),
})

const places = z.int().min(1).max(1_000_000)

const concurrencySchema = z
  .strictObject({
    key: places.default(64).describe('Exchanges that may run at once for each API key.'),
    principal: places.optional().describe('For each principal, over all of its keys.'),
    tenant: places.optional().describe('For each tenant, over all of its principals.'),
    route: places.optional().describe('For each route, over all clients.'),
    models: z
      .array(
        z.strictObject({
          models: modelPatterns(),
          atOnce: places.describe('Exchanges that may run at once on each of these models, over all clients.'),
        }),
      )
      .default([])
      .describe('For models; the first entry that fits decides.'),
    leaseTimeout: durationMs
      .pipe(z.number().min(1))
      .default(900_000)
      .describe('When a place that was never given back is free again; longer than `totalTimeout`.'),
  })
  .prefault({})

/** All have defaults: an empty `limits` gives each key 600 requests a minute, 64 at once, and no budget. */
export const limitsSchema = z
  .strictObject({
    rates: z
      .strictObject({
        key: rateSchema.optional().describe('For each API key.'),
        principal: rateSchema.optional().describe('For each principal, over all of its keys.'),
        tenant: rateSchema.optional().describe('For each tenant, over all of its principals.'),
        route: rateSchema.optional().describe('For each route, over all clients.'),
      })
      .default({ key: { requests: 600, per: 60_000, burst: 60 } }),
    concurrency: concurrencySchema,
    budgets: budgetsSchema,
    timeZone: timeZoneSchema,
    prices: pricesSchema,
    tokens: tokensSchema,
    addresses: addressesSchema,
    maxBodyBytes: sizeBytes
      .pipe(
        z
          .number()
          .min(1)
          .max(256 * 1024 * 1024),
      )
      .default(4 * 1024 * 1024)
      .describe('Largest request body; a larger one is refused with 413, never cut.'),
    maxHeaderBytes: sizeBytes
      .pipe(
        z
          .number()
          .min(1024)
          .max(1024 * 1024),
      )
      .default(16 * 1024)
      .describe('Largest sum of request line and headers; above it 431.'),
    headerTimeout: timeout(10_000, 'Until the request line and headers have arrived.'),
    bodyTimeout: timeout(30_000, 'Until the request body has arrived.'),
    totalTimeout: timeout(600_000, 'For the whole exchange, the answer included.'),
  })
  .prefault({})
  .refine(({ concurrency, totalTimeout }) => concurrency.leaseTimeout > totalTimeout, {
    path: ['concurrency', 'leaseTimeout'],
    message: 'a lease must last longer than `limits.totalTimeout`, or a running exchange would lose its place',
  })

export type LimitSettings = z.output<typeof limitsSchema>

function timeout(defaultMs: number, description: string) {
  return durationMs.pipe(z.number().min(1).max(maxTimerMs)).default(defaultMs).describe(description)
}
