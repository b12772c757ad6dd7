// Response headers that tell a client how much it may still send: `RateLimit` and `RateLimit-Policy` as structured
// fields (draft-ietf-httpapi-ratelimit-headers-11, RFC 9651), and `Retry-After` in seconds (RFC 9110 section 10.2.3).
import type { Charge, LimitDecision } from './limiter.ts'

/**
 * The headers of a decision by lower-case name; none when nothing was charged. The policy is named by its scope.
 * No partition key is given, since it would name a key or a tenant to whoever reads the response.
 *
 * `t`, the effective window, is the time to a full bucket when allowed, so that a client which spreads what remains
 * over it stays within the rate; when refused it is `Retry-After`, which section 6 of the draft wants not to be earlier.
 */
export function rateLimitHeaders(decision: LimitDecision): Record<string, string> {
  const { charge, allowed, remaining, resetMs, retryAfterMs } = decision
  if (charge === null) return {}
  const policy = policyItem(charge)
  const name = `"${charge.scope}"`
  if (allowed) return { ratelimit: `${name};r=${remaining};t=${seconds(resetMs)}`, 'ratelimit-policy': policy }
  // Waiting does not help a cost above the burst, so no time is named.
  if (retryAfterMs === Infinity) return { ratelimit: `${name};r=0`, 'ratelimit-policy': policy }
  const wait = seconds(retryAfterMs)
  return { ratelimit: `${name};r=0;t=${wait}`, 'ratelimit-policy': policy, 'retry-after': String(wait) }
}

/** The window is in whole seconds, so a rate over part of a second is restated over the next whole one. */
function policyItem({ scope, rate, burst }: Charge): string {
  const window = seconds(rate.perMs)
  const quota = Math.floor((rate.count * window * 1000) / rate.perMs)
  return `"${scope}";q=${quota};w=${window};holdfast-burst=${burst}`
}

/** Rounded up: a client that comes back after this many seconds is not too early. */
function seconds(ms: number): number {
  return Math.ceil(ms / 1000)
}
