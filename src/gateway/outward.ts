// Whether a text of an answer is on its way to a tool that reaches the outside world.
import { isOutwardTool } from '#privacy'
import type { Lane } from './answer/text-stage.ts'
import type { Exchange } from './exchange.ts'
import type { House } from './house.ts'

/** The tool is judged by its whole definition, as the client sent it; one that was not declared, by its name. */
export function isOutward(exchange: Exchange, house: House, lane: Lane): boolean {
  if (lane.channel !== 'tool_call') return false
  const name = lane.tool ?? ''
  const declared = exchange.asked?.tools.find((tool) => tool.name === name)
  const definition = declared && Buffer.from(exchange.body.subarray(declared.start, declared.end)).toString('utf8')
  return isOutwardTool(name, definition?.replace(dialect, ''), house.settings.privacy.tools)
}

/** Names the dialect of JSON Schema with an address that nobody calls; libraries write it into every definition. */
const dialect = /"\$schema"\s*:\s*"[^"]*"/g
