// Placeholders of this exchange become their values again, where a person or a tool needs them as text.
import { createRestorer } from '#privacy'
import type { Lane, TextStage } from '../answer/text-stage.ts'
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'
import { isOutward } from '../outward.ts'

export function restore(exchange: Exchange, house: House, lane: Lane): TextStage | undefined {
  if (exchange.placeholders.size === 0) return undefined
  const restorer = createRestorer({
    values: exchange.placeholders,
    contentType: lane.contentType,
    allowedHosts: house.settings.privacy.restore.hosts,
    outward: isOutward(exchange, house, lane),
  })
  return { push: (text) => restorer.push(text).text, end: () => restorer.end().text }
}
