// Admission over several rates at once: a request is charged to its key, principal, tenant and route together, and
// either all of them have room or none is charged. Rates are decided by GCRA (gcra.ts), in memory, in one process.
import { LimitsError } from './error.ts'
import { emissionInterval, gcra } from './gcra.ts'

/** What a rate is counted by. */
export type LimitScope = 'key' | 'principal' | 'tenant' | 'route'

/** One bucket that a request is charged to. */
export interface Charge {
  readonly scope: LimitScope
  /** Whose bucket within the scope, such as a key id. */
  readonly key: string
  /** Sustained rate: `count` units every `perMs` milliseconds; both > 0. */
  readonly rate: { readonly count: number; readonly perMs: number }
  /** Units that may arrive at once, >= 1. */
  readonly burst: number
  /** Units asked for, >= 0. */
  readonly cost: number
}

/**
 * What was decided, described by the tightest of the charges: when refused, the one that has to be waited for
 * longest; when allowed, the one with the least left.
 */
export interface LimitDecision {
  readonly allowed: boolean
  /** The tightest charge; `null` when there was nothing to charge. */
  readonly charge: Charge | null
  /** Its scope, and the burst of its rate in units; 0 when there was nothing to charge. */
  readonly scope: LimitScope | null
  readonly limit: number
  /** Units of it that could still be spent at this instant; 0 when refused. */
  readonly remaining: number
  /** Until its bucket is full again, in ms. */
  readonly resetMs: number
  /** 0 when allowed; `Infinity` when the cost is above the burst, so that waiting does not help. */
  readonly retryAfterMs: number
}

export interface LimiterOptions {
  /** ms since the epoch. */
  readonly now: () => number
  /** Buckets held at most, plus one a scope. Default 262,144, about 40 MB when all are in use. */
  readonly maxBuckets?: number
}

export interface Limiter {
  /**
   * Charges all of `charges`, or none.
   *
   * @throws LimitsError `invalid_charge` when a rate, burst or cost is out of range
   */
  admit(charges: readonly Charge[]): LimitDecision
  /** Buckets held at this moment. */
  readonly size: number
}

interface Bucket {
  readonly name: string
  readonly state: number
}

/**
 * A limiter with bounded memory. A full bucket is the same as an absent one, so full buckets are dropped in passing,
 * a few at each insertion. When every slot holds a bucket that is not full, newcomers share one bucket a scope:
 * a flood of fresh keys can neither grow the table nor push a known key's debt out of it.
 */
export function createLimiter({ now, maxBuckets = 262_144 }: LimiterOptions): Limiter {
  const buckets = new Map<string, number>()
  const clock = forwardClock(now)
  const dropFullBuckets = sweeper(buckets)

  function admit(charges: readonly Charge[]): LimitDecision {
    const at = clock()
    const pending: Bucket[] = []
    let tightest = nothingToCharge
    for (const charge of charges) {
      const { name, state } = bucketOf(charge, at, pending)
      const outcome = decide(charge, state, at)
      pending.push({ name, state: outcome.state })
      if (isTighter(outcome.decision, tightest)) tightest = outcome.decision
    }
    if (tightest.allowed) for (const { name, state } of pending) buckets.set(name, state)
    return tightest
  }

  /** The bucket to charge: the caller's own, or the one that newcomers share while the table is full of debtors. */
  function bucketOf(charge: Charge, at: number, pending: readonly Bucket[]): Bucket {
    const own = `${charge.scope}:${charge.key}`
    const known = stateOf(own, pending)
    if (known !== undefined) return { name: own, state: known }
    dropFullBuckets(at, 2)
    if (buckets.size + pending.length >= maxBuckets) dropFullBuckets(at, 64)
    if (buckets.size + pending.length < maxBuckets) return { name: own, state: 0 }
    const shared = charge.scope
    return { name: shared, state: stateOf(shared, pending) ?? 0 }
  }

  /** A bucket charged earlier in the same request counts with what that charge made of it. */
  function stateOf(name: string, pending: readonly Bucket[]): number | undefined {
    for (let i = pending.length - 1; i >= 0; i--) {
      const bucket = pending[i]
      if (bucket?.name === name) return bucket.state
    }
    return buckets.get(name)
  }

  return {
    admit,
    get size() {
      return buckets.size
    },
  }
}

const nothingToCharge: LimitDecision = {
  allowed: true,
  charge: null,
  scope: null,
  limit: 0,
  remaining: Infinity,
  resetMs: 0,
  retryAfterMs: 0,
}

function decide(charge: Charge, state: number, at: number): { decision: LimitDecision; state: number } {
  const { scope, rate, burst, cost } = charge
  const interval = emissionInterval(rate.count, rate.perMs)
  // A NaN would pass every comparison of the algorithm as "allowed" and stay in the bucket.
  if (!(interval > 0 && interval < Infinity && burst >= 1 && burst < Infinity && cost >= 0)) {
    throw new LimitsError('invalid_charge', `the ${scope} rate, burst or cost is out of range`)
  }
  const result = gcra(state, at, interval, burst, cost)
  const resetMs = Math.max(0, Math.ceil(result.state - at))
  const common = { charge, scope, limit: burst, resetMs }
  const decision = result.allowed
    ? { ...common, allowed: true, remaining: result.remaining, retryAfterMs: 0 }
    : { ...common, allowed: false, remaining: 0, retryAfterMs: cost > burst ? Infinity : result.retryAfterMs }
  return { decision, state: result.state }
}

function isTighter(a: LimitDecision, b: LimitDecision): boolean {
  if (a.allowed !== b.allowed) return !a.allowed
  if (!a.allowed) return a.retryAfterMs > b.retryAfterMs
  return a.remaining < b.remaining || (a.remaining === b.remaining && a.resetMs > b.resetMs)
}

/**
 * A clock that only goes forward. When the system's clock is set back, time here goes on from where it was: going
 * back would refuse every client that has spent something until the old time is reached again.
 */
function forwardClock(now: () => number): () => number {
  let latest = -Infinity
  let offset = 0
  return () => {
    const read = Math.floor(now()) + offset
    if (read < latest) offset += latest - read
    else latest = read
    return latest
  }
}

/** Walks the table like a clock hand and drops full buckets, `steps` places a call. */
function sweeper(buckets: Map<string, number>): (at: number, steps: number) => void {
  let hand = buckets.entries()
  return (at, steps) => {
    for (let step = 0; step < steps; step++) {
      const place = hand.next()
      if (place.done) {
        hand = buckets.entries()
        return
      }
      const [name, state] = place.value
      if (state <= at) buckets.delete(name)
    }
  }
}
