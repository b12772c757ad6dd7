// How often? One GCRA charge each for the key, the principal, the tenant and the route, all or none.
import { chargesFor, type LimitDecision } from '#limits'
import { type Exchange, established, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'

export function admit(exchange: Exchange, house: House): Refusal | undefined | Promise<Refusal | undefined> {
  const principal = established(exchange.principal, 'a principal')
  const decision = house.limiter.admit(
    chargesFor(house.settings.limits.rates, {
      key: principal.keyId,
      principal: `${principal.tenant}\0${principal.id}`,
      tenant: principal.tenant,
      route: exchange.operation,
    }),
  )
  return decision instanceof Promise ? decision.then((later) => judge(exchange, later)) : judge(exchange, decision)
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
