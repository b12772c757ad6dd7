// Response headers that tell a client how much it may still send: `RateLimit` and `RateLimit-Policy` as structured
// fields (draft-ietf-httpapi-ratelimit-headers-11, RFC 9651), and `Retry-After` in seconds (RFC 9110 section 10.2.3).
import type { Unit } from './budgets/account.ts'
import type { BudgetDecision } from './budgets/budgets.ts'
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

/**
 * The same for budgets, by the name of the tightest one. `t` is the time until its window ends, after which all of it is
 * there again. A refusal is not worth repeating before that, which clients made by OpenAI and Anthropic would do at once
 * and several times, were it not for `x-should-retry`.
 */
export function budgetHeaders({ allowed, tightest, retryAfterMs }: BudgetDecision): Record<string, string> {
  if (tightest === null) return {}
  const { account, window, limit, left, resetMs } = tightest
  const unit = quotaUnits[account.unit]
  const policy = `"${account.budget}";q=${limit};w=${seconds(window.end - window.start)}${unit}`
  const headers = {
    ratelimit: `"${account.budget}";r=${left};t=${seconds(resetMs)}`,
    'ratelimit-policy': policy,
  }
  if (allowed) return headers
  const retryAfter: Record<string, string> =
    retryAfterMs === Infinity ? {} : { 'retry-after': String(seconds(retryAfterMs)) }
  return { ...headers, ...retryAfter, 'x-should-retry': 'false' }
}

/** Requests are the draft's default unit. */
const quotaUnits: Readonly<Record<Unit, string>> = {
  requests: '',
  inputTokens: ';qu="input-tokens"',
  outputTokens: ';qu="output-tokens"',
  tokens: ';qu="tokens"',
  cost: ';qu="micro-units"',
}

/** Several answers to the same question are one list (RFC 9651, 3.1); of other headers, the later ones count. */
export function joinHeaders(...sets: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const joined: Record<string, string> = {}
  for (const set of sets)
    for (const [name, value] of Object.entries(set)) {
      const earlier = joined[name]
      joined[name] = earlier !== undefined && name.startsWith('ratelimit') ? `${earlier}, ${value}` : value
    }
  return joined
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
