// The way back up: every text of an answer walks through the text stages, in this order.
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'
import { checkSinks } from '../stages/check-sinks.ts'
import { inspectResponse } from '../stages/inspect-response.ts'
import { restore } from '../stages/restore.ts'
import type { Lane, TextStage } from './text-stage.ts'

type OpenStage = (exchange: Exchange, house: House, lane: Lane) => TextStage | undefined

const textStages: readonly OpenStage[] = [inspectResponse, restore, checkSinks]

/** The stages of one lane, as one. A stage with nothing to do for this exchange is left out. */
export function openLane(exchange: Exchange, house: House, lane: Lane): TextStage {
  const stages = textStages.flatMap((open) => open(exchange, house, lane) ?? [])
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

/** A text that is complete already. */
export function screenText(exchange: Exchange, house: House, lane: Lane, text: string): string {
  const stages = openLane(exchange, house, lane)
  return stages.push(text) + stages.end()
}
