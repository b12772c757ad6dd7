// Stage 11: placeholders of this exchange become their values again, where a person or a tool needs them as text.
import { createRestorer, isOutwardTool } from '#privacy'
import type { Lane, TextStage } from '../answer/lanes.ts'
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'

export function restore(exchange: Exchange, house: House, lane: Lane): TextStage | undefined {
  if (exchange.placeholders.size === 0) return undefined
  const { privacy } = house.settings
  const restorer = createRestorer({
    values: exchange.placeholders,
    contentType: lane.contentType,
    allowedHosts: privacy.restore.hosts,
    outward: lane.channel === 'tool_call' && isOutwardTool(toolOf(exchange, lane), privacy.tools),
  })
  return { push: (text) => restorer.push(text).text, end: () => restorer.end().text }
}

/** The tool as the client declared it; a call to an undeclared one is judged by its name alone. */
function toolOf(exchange: Exchange, lane: Lane): { name: string; description?: string | undefined } {
  const name = lane.tool ?? ''
  return exchange.chat?.tools.find((tool) => tool.name === name) ?? { name }
}
