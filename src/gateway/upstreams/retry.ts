// When a request may be sent once more, and how often. A request that an upstream may have carried out is not repeated,
// unless to carry it out twice is the same as once (RFC 9110, 9.2.2).
import { z } from 'zod'
import { durationMs } from '#config'
import type { UpstreamError } from './error.ts'

export const retrySchema = z
  .strictObject({
    attempts: z
      .int()
      .min(1)
      .max(10)
      .default(3)
      .describe('Calls for one request at most, the first included; 1 never repeats.'),
    statuses: z
      .array(z.int().min(400).max(599))
      .default([429, 503, 529])
      .describe('Answers by which an upstream says that it did nothing.'),
    idempotent: z
      .array(z.enum(['embeddings', 'count_tokens']))
      .default(['embeddings', 'count_tokens'])
      .describe('Operations that are repeated even if the upstream may have carried them out.'),
    backoff: durationMs
      .default(100)
      .describe('Before the same upstream is asked again: up to this long, doubled each time.'),
    maxWait: durationMs
      .default(2000)
      .describe('Longest wait before the same upstream is asked again. A longer Retry-After goes to the client.'),
  })
  .prefault({})
  .describe('When a request is sent once more, to another upstream or the same.')

export type RetrySettings = z.output<typeof retrySchema>

/** How an attempt failed, before any byte of its answer could reach the client. */
export type Failure = { readonly error: UpstreamError } | { readonly status: number }

/**
 * Whether the request may be sent again after this failure: it never left, the upstream says that it did nothing, or
 * the operation is idempotent and another upstream may do better.
 *
 * @param operation as `Operation` of the gateway
 */
export function isRepeatable(failure: Failure, operation: string, settings: RetrySettings): boolean {
  const isIdempotent = operation === 'models' || settings.idempotent.some((name) => name === operation)
  if ('status' in failure) return settings.statuses.includes(failure.status) || (isIdempotent && failure.status >= 500)
  const { code, wasSent } = failure.error
  if (code === 'aborted') return false
  return !wasSent || (isIdempotent && code !== 'redirect' && code !== 'too_large')
}

/** How many repeated calls the failures of one upstream may still cause. */
export interface RetryBudget {
  /** A first call was made: it pays for a part of a repeated one. */
  deposit(): void
  /** @returns whether there was enough for one repeated call */
  withdraw(): boolean
}

/**
 * A token bucket that calls fill, not time: when everything fails, n requests become at most
 * `n * (1 + ratio) + burst` calls, so that repeating never makes an outage worse.
 *
 * @param ratio what each call pays in, 0 to 1
 * @param burst what is there at the start, >= 0
 */
export function createRetryBudget(ratio: number, burst: number): RetryBudget {
  const most = burst + 1
  let tokens = burst
  return {
    deposit() {
      tokens = Math.min(tokens + ratio, most)
    },
    withdraw() {
      // Sums of fractions such as 0.2 end just below the whole.
      if (tokens < 1 - 1e-9) return false
      tokens = Math.max(0, tokens - 1)
      return true
    },
  }
}

/**
 * How long to wait before the same upstream is asked again: "full jitter", or what its Retry-After says.
 *
 * @param round how often it has been asked, >= 1
 * @param random 0 to 1
 * @returns ms; undefined when the upstream wants more time than `maxWait`
 */
export function waitBefore(
  round: number,
  retryAfterMs: number | undefined,
  { backoff, maxWait }: RetrySettings,
  random: number,
): number | undefined {
  if (retryAfterMs !== undefined && retryAfterMs > maxWait) return undefined
  const jittered = random * Math.min(backoff * 2 ** Math.min(round - 1, 30), maxWait)
  return Math.min(Math.max(retryAfterMs ?? 0, jittered), maxWait)
}

/**
 * Retry-After (RFC 9110, 10.2.3): seconds, or a date.
 *
 * @param now ms since the epoch
 * @returns ms from now, >= 0; undefined when the header is missing or neither
 */
export function readRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  // IMF-fixdate, the one form that may be sent; Date.parse alone takes almost anything for a date.
  const isDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value)
  const at = isDate ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
