// Whether a text of an answer is on its way to a tool that reaches the outside world.
import { isOutwardTool } from '#privacy'
import type { Lane } from './answer/text-stage.ts'
import type { Exchange } from './exchange.ts'
import type { House } from './house.ts'

/** The tool is judged as the client declared it; one that was not declared, by its name alone. */
export function isOutward(exchange: Exchange, house: House, lane: Lane): boolean {
  if (lane.channel !== 'tool_call') return false
  const name = lane.tool ?? ''
  const declared = exchange.chat?.tools.find((tool) => tool.name === name)
  return isOutwardTool(name, declared?.description, house.settings.privacy.tools)
}
