// Stage 12: what was used is noted where the limits can see it, and nothing of the exchange is kept.
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'

export function settle(exchange: Exchange, _house: House): void {
  exchange.placeholders.clear()
}
