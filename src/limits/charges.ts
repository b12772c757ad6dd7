// From the configured rates and places and who is asking to the buckets and places that a request takes.
import { modelMatcher } from '#config'
import type { LeasePlace } from './leases.ts'
import type { Charge, LimitScope } from './limiter.ts'
import type { LimitSettings } from './schema.ts'

/** Who asks, by scope: a key id, a principal id, a tenant id, a route name. */
export type Subject = Readonly<Record<LimitScope, string>>

/**
 * One charge for each scope that has a rate. `cost` is in the unit of the rates, which count requests.
 *
 * @param subject whose bucket in each scope
 */
export function chargesFor(rates: LimitSettings['rates'], subject: Subject, cost = 1): Charge[] {
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

/** One place for each scope that is limited. */
export function placesFor(concurrency: LimitSettings['concurrency'], subject: Subject): LeasePlace[] {
  const places: LeasePlace[] = []
  for (const scope of scopes) {
    const limit = concurrency[scope]
    if (limit !== undefined) places.push({ scope, holder: subject[scope], limit })
  }
  return places
}

/** The place of a model, for those that have a limit. Patterns share their places. */
export function modelPlaces(concurrency: LimitSettings['concurrency']): (model: string) => LeasePlace | undefined {
  const entries = concurrency.models.map(({ models, atOnce }) => ({
    fits: modelMatcher(models),
    place: { scope: 'model', holder: models.join(' '), limit: atOnce } as const,
  }))
  return (model) => entries.find(({ fits }) => fits(model))?.place
}

const scopes: readonly LimitScope[] = ['key', 'principal', 'tenant', 'route']
