// What a text stage is: one step that a text of an answer walks through, whole or as it arrives.
import type { Refusal } from '../exchange.ts'

/** One text of an answer: a choice's content, a tool call's arguments. */
export interface Lane {
  readonly path: string
  readonly channel: string
  readonly contentType: 'text' | 'json'
  /** The tool that a call's arguments are for. */
  readonly tool?: string | undefined
  /** As in Part: whether the upstream has signed it, and whether other texts are read together with it. */
  readonly signed?: 'text' | 'seal' | undefined
  readonly reading?: 'alone' | 'joined' | undefined
}

/** What it returns may go out; it holds back what it is not sure of yet. */
export interface TextStage {
  push(text: string): string
  end(): string
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
