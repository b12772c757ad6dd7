// Has this address failed too often? Asked before anything of the request is looked at, so that neither keys can be
// tried without end nor the log be filled by somebody who is nobody.
import { clientOf } from '../client.ts'
import type { Exchange, Refusal } from '../exchange.ts'
import type { House } from '../house.ts'

export function guard(exchange: Exchange, house: House): Refusal | undefined | Promise<Refusal | undefined> {
  exchange.client = clientOf(exchange.request, house)
  const decision = house.addresses.check(exchange.client)
  return decision instanceof Promise ? decision.then(judge) : judge(decision)
}

function judge(decision: Awaited<ReturnType<House['addresses']['check']>>): Refusal | undefined {
  if (decision.allowed) return undefined
  const seconds = Math.max(1, Math.ceil(decision.retryAfterMs / 1000))
  return {
    status: 429,
    code: 'too_many_failures',
    message: `Too many malformed or unauthenticated requests came from this address. Try again in ${seconds} s.`,
    rule: 'guard: too_many_failures',
    headers: { 'retry-after': String(seconds) },
  }
}
