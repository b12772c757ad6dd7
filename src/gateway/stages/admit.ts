// How often, and how many at once? One GCRA charge and one place each for the key, the principal, the tenant and the
// route, all or none; before the body is read. The places are given back in `settle`, whatever happens.
import { chargesFor, type LimitDecision, placesFor } from '#limits'
import { type Exchange, established, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { takePlaces } from '../places.ts'

export function admit(exchange: Exchange, house: House): Refusal | undefined | Promise<Refusal | undefined> {
  const principal = established(exchange.principal, 'a principal')
  const { rates, concurrency } = house.settings.limits
  const subject = {
    key: principal.keyId,
    principal: `${principal.tenant}\0${principal.id}`,
    tenant: principal.tenant,
    route: exchange.operation,
  }
  const decision = house.limiter.admit(chargesFor(rates, subject))
  const goOn = (decided: LimitDecision) =>
    judge(exchange, decided) ?? takePlaces(exchange, house, exchange.id, placesFor(concurrency, subject))
  return decision instanceof Promise ? decision.then(goOn) : goOn(decision)
}

function judge(exchange: Exchange, decision: LimitDecision): Refusal | undefined {
  exchange.limits = decision
  if (decision.allowed) return undefined
  const scope = decision.charge?.scope ?? 'request'
  return {
    status: 429,
    code: 'rate_limit_exceeded',
    message: `The rate limit of this ${scope} is used up. Try again in ${Math.ceil(decision.retryAfterMs / 1000)} s.`,
    rule: `admit: ${scope}`,
  }
}
