// The way back up: every text of an answer is inspected, restored and checked for sinks, in this order.
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'
import { checkSinks } from '../stages/check-sinks.ts'
import { inspectResponse, inspectWhole } from '../stages/inspect-response.ts'
import { restore } from '../stages/restore.ts'
import type { Lane, TextStage } from './text-stage.ts'

/** The stages of a text that arrives piece by piece, as one. */
export function openLane(exchange: Exchange, house: House, lane: Lane): TextStage {
  return chain([
    inspectResponse(exchange, house, lane),
    restore(exchange, house, lane),
    checkSinks(exchange, house, lane),
  ])
}

/** A text in a stream that is complete in itself. */
export function screenPiece(exchange: Exchange, house: House, lane: Lane, text: string): string {
  const stages = openLane(exchange, house, lane)
  return stages.push(text) + stages.end()
}

/** A text of an answer that came whole. */
export async function screenWhole(exchange: Exchange, house: House, lane: Lane, text: string): Promise<string> {
  const inspected = await inspectWhole(exchange, house, lane, text)
  if (isOneOfSeveral.test(lane.path)) return inspected
  const stages = chain([restore(exchange, house, lane), checkSinks(exchange, house, lane)])
  return stages.push(inspected) + stages.end()
}

/** A content in several parts: a link could begin in one and end in the next, so nothing is restored there. */
const isOneOfSeveral = /\/content\/\d+(?:\/|$)/

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
