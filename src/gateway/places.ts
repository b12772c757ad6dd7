// The places that an exchange holds while it runs, so that only so many run at once.
import type { LeasePlace } from '#limits'
import type { Exchange, Refusal } from './exchange.ts'
import type { House } from './house.ts'

/** Takes the places, or refuses. @param id  of the lease; an exchange may have several */
export function takePlaces(
  exchange: Exchange,
  house: House,
  id: string,
  places: readonly LeasePlace[],
): Refusal | undefined | Promise<Refusal | undefined> {
  if (places.length === 0) return undefined
  // Noted before it is asked for: should the answer never come, it is given back all the same.
  exchange.leases.push(id)
  const decision = house.leases.acquire(id, places)
  return decision instanceof Promise ? decision.then(judge) : judge(decision)
}

/** Gives back what was taken. Never throws. */
export function leavePlaces(exchange: Exchange, house: House): void {
  for (const id of exchange.leases.splice(0)) {
    const failed = (error: unknown) => house.report('a place could not be given back', error)
    try {
      Promise.resolve(house.leases.release(id)).catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}

function judge(decision: Awaited<ReturnType<House['leases']['acquire']>>): Refusal | undefined {
  if (decision.allowed) return undefined
  const { scope, limit } = decision
  return {
    status: 429,
    code: 'concurrency_limit_exceeded',
    message: `${limit} requests of this ${scope} run already, and no more may at once. Try again when one has ended.`,
    rule: `concurrency: ${scope}`,
    // Nobody knows when one ends; clients that come back by themselves then wait a little.
    headers: { 'retry-after': '1' },
  }
}
