// The end, whatever it was: places and budgets are given back, what detectors stopped becomes known to the rest of the
// house, and nothing of the texts is kept.
import { settleBudget } from '../budget.ts'
import type { Exchange, LocatedVerdict } from '../exchange.ts'
import type { House } from '../house.ts'
import { leavePlaces } from '../places.ts'

export function settle(exchange: Exchange, house: House): void {
  leavePlaces(exchange, house)
  settleBudget(exchange, house)
  const { id, principal, verdicts } = exchange
  const stopped = new Map(verdicts.filter(({ action }) => action === 'block').map((each) => [ruleOf(each), each]))
  if (principal !== undefined)
    for (const verdict of stopped.values()) house.detected({ exchange: id, principal, verdict })
  exchange.placeholders.clear()
}

/** One finding for what the same rule found in the same direction. */
function ruleOf({ detector, kind, direction }: LocatedVerdict): string {
  return `${detector} ${kind} ${direction}`
}
