// Concurrency leases: how many exchanges may run at once for a key, a principal, a tenant, a route or a model. A lease is
// taken before the work and given back after it; one that is never given back, since its holder is gone, ends by itself.
import { LimitsError } from './error.ts'

export type LeaseScope = 'key' | 'principal' | 'tenant' | 'route' | 'model'

/** One place that an exchange takes. Plain data. */
export interface LeasePlace {
  readonly scope: LeaseScope
  /** Whose places within the scope, such as a key id. */
  readonly holder: string
  /** Places there are, >= 1. */
  readonly limit: number
}

export type LeaseDecision =
  | { readonly allowed: true }
  /** The first place that was not free. Nothing was taken. */
  | { readonly allowed: false; readonly scope: LeaseScope; readonly limit: number }

export interface Leases {
  /**
   * Takes all of `places`, or none.
   *
   * @param id  of the lease, to give it back with
   * @throws LimitsError `duplicate_id`, `invalid_charge`
   */
  acquire(id: string, places: readonly LeasePlace[]): LeaseDecision | Promise<LeaseDecision>
  /** Gives the places back. Does nothing for a lease that has ended or was never given. */
  release(id: string): void | Promise<void>
}

export interface LeaseTable extends Leases {
  acquire(id: string, places: readonly LeasePlace[]): LeaseDecision
  release(id: string): void
  /** Leases at this moment, lost ones that have not ended included. */
  readonly size: number
}

interface Lease {
  readonly places: readonly string[]
  readonly endsAt: number
}

/**
 * Leases in memory, for the exchanges of one process or of several that ask it.
 *
 * @param options.monotonic  ms; a clock that can be set would end leases early or never
 * @param options.timeoutMs  longer than any exchange may take, or a running one would lose its place; read for each lease
 */
export function createLeases(options: { readonly monotonic: () => number; readonly timeoutMs: number }): LeaseTable {
  /** In the order of their ends, as long as the time-out is not changed. */
  const leases = new Map<string, Lease>()
  const taken = new Map<string, number>()

  function release(id: string): void {
    const lease = leases.get(id)
    if (lease === undefined) return
    leases.delete(id)
    for (const place of lease.places) {
      const others = (taken.get(place) ?? 1) - 1
      if (others > 0) taken.set(place, others)
      else taken.delete(place)
    }
  }

  function endLost(at: number): void {
    for (const [id, { endsAt }] of leases) {
      if (endsAt > at) return
      release(id)
    }
  }

  return {
    acquire(id, places) {
      const at = options.monotonic()
      endLost(at)
      if (leases.has(id)) throw new LimitsError('duplicate_id', 'there is a lease with this id already')
      for (const { limit } of places)
        if (!(limit >= 1)) throw new LimitsError('invalid_charge', 'a concurrency limit is no number of at least 1')
      const full = places.find(({ scope, holder, limit }) => (taken.get(`${scope}:${holder}`) ?? 0) >= limit)
      if (full !== undefined) return { allowed: false, scope: full.scope, limit: full.limit }
      const names = places.map(({ scope, holder }) => `${scope}:${holder}`)
      for (const name of names) taken.set(name, (taken.get(name) ?? 0) + 1)
      leases.set(id, { places: names, endsAt: at + options.timeoutMs })
      return { allowed: true }
    },
    release,
    get size() {
      return leases.size
    },
  }
}
