// The way back up: every text of an answer is inspected, restored and checked for sinks, in this order.
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'
import { checkSinks } from '../stages/check-sinks.ts'
import { inspectResponse, inspectWhole } from '../stages/inspect-response.ts'
import { restore } from '../stages/restore.ts'
import type { Lane, TextStage } from './text-stage.ts'

/** The stages of a text that arrives piece by piece, as one. */
export function openLane(exchange: Exchange, house: House, lane: Lane): TextStage {
  return chain([inspectResponse(exchange, house, lane), ...putBack(exchange, house, lane)])
}

/** A text in a stream that is complete in itself. */
export function screenPiece(exchange: Exchange, house: House, lane: Lane, text: string): string {
  const stages = openLane(exchange, house, lane)
  return stages.push(text) + stages.end()
}

/** A text of an answer that came whole. */
export async function screenWhole(exchange: Exchange, house: House, lane: Lane, text: string): Promise<string> {
  const inspected = await inspectWhole(exchange, house, lane, text)
  if (lane.reading === undefined && isOneOfSeveral.test(lane.path)) return inspected
  const stages = chain(putBack(exchange, house, lane))
  return stages.push(inspected) + stages.end()
}

/** A content in several parts: a link could begin in one and end in the next, so nothing is restored there. */
const isOneOfSeveral = /\/content\/\d+(?:\/|$)/

/** The stages behind the inspection. What the upstream has signed is its own to read, so nothing is put back there. */
function putBack(exchange: Exchange, house: House, lane: Lane): readonly (TextStage | undefined)[] {
  if (lane.signed !== undefined) return []
  if (lane.reading !== 'joined') return [restore(exchange, house, lane), checkSinks(exchange, house, lane)]
  const open = joined.get(exchange) ?? chain([restore(exchange, house, lane), checkSinks(exchange, house, lane)])
  joined.set(exchange, open)
  return [open]
}

/** The stages that follow the joined texts of an answer from one to the next; each text still ends with all it has. */
const joined = new WeakMap<Exchange, TextStage>()

/** A stage with nothing to do for this exchange is left out. */
function chain(opened: readonly (TextStage | undefined)[]): TextStage {
  const stages = opened.filter((stage) => stage !== undefined)
  return {
    push(text) {
      for (const stage of stages) text = stage.push(text)
      return text
    },
    end() {
      let tail = ''
      for (const stage of stages) tail = (tail === '' ? '' : stage.push(tail)) + stage.end()
      return tail
    },
  }
}
