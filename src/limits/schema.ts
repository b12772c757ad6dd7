// The `limits` part of holdfast.yaml: how often, how much and how long a client may ask.

import { z } from 'zod'
import { durationMs, sizeBytes } from '#config'

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

/** All have defaults: an empty `limits` limits each key to 600 requests a minute. */
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

export type LimitSettings = z.output<typeof limitsSchema>

function timeout(defaultMs: number, description: string) {
  return durationMs.pipe(z.number().min(1).max(maxTimerMs)).default(defaultMs).describe(description)
}
