// Stage 12: what detectors stopped becomes known to the rest of the house, and nothing of the texts is kept.
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'

export function settle(exchange: Exchange, house: House): void {
  const { id, principal, verdicts } = exchange
  const verdict = verdicts.find(({ action }) => action === 'block')
  if (verdict !== undefined && principal !== undefined) house.detected({ exchange: id, principal, verdict })
  exchange.placeholders.clear()
}
