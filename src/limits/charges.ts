// From the configured rates and who is asking to the buckets that a request is charged to.
import type { Charge, LimitScope } from './limiter.ts'
import type { LimitSettings } from './schema.ts'

/**
 * One charge for each scope that has a rate. `cost` is in the unit of the rates, which count requests.
 *
 * @param subject whose bucket in each scope: a key id, a principal id, a tenant id, a route name
 */
export function chargesFor(
  rates: LimitSettings['rates'],
  subject: Readonly<Record<LimitScope, string>>,
  cost = 1,
): Charge[] {
  const charges: Charge[] = []
  for (const scope of scopes) {
    const rate = rates[scope]
    if (rate === undefined) continue
    charges.push({
      scope,
      key: subject[scope],
      rate: { count: rate.requests, perMs: rate.per },
      burst: rate.burst ?? Math.max(1, Math.floor(rate.requests / 10)),
      cost,
    })
  }
  return charges
}

const scopes: readonly LimitScope[] = ['key', 'principal', 'tenant', 'route']
