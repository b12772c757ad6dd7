// A lane is one text of an answer: a choice's content, a tool call's arguments. Every piece of it walks
// through the text stages, whole (JSON) or as it arrives (stream).
import type { Exchange, Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { checkSinks } from '../stages/check-sinks.ts'
import { inspectResponse } from '../stages/inspect-response.ts'
import { restore } from '../stages/restore.ts'

export interface Lane {
  readonly path: string
  readonly channel: string
  readonly contentType: 'text' | 'json'
  /** The tool that a call's arguments are for. */
  readonly tool?: string | undefined
}

/** One step of a lane's text. What it returns may go out; it holds back what it is not sure of yet. */
export interface TextStage {
  push(text: string): string
  end(): string
}

type OpenStage = (exchange: Exchange, house: House, lane: Lane) => TextStage | undefined

const textStages: readonly OpenStage[] = [inspectResponse, restore, checkSinks]

/** The stages of one lane in order, as one. A stage with nothing to do for this exchange is left out. */
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

/** Thrown by a text stage: the answer must not go on. */
export class AnswerBlocked extends Error {
  override readonly name = 'AnswerBlocked'
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}
