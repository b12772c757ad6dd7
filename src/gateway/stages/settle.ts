// What detectors stopped becomes known to the rest of the house, and nothing of the texts is kept.
import type { Exchange, LocatedVerdict } from '../exchange.ts'
import type { House } from '../house.ts'

export function settle(exchange: Exchange, house: House): void {
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
