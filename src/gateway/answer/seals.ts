// Signatures of an upstream in a stream: each stands under a text, and must go when that text was changed.
import { type Delta, WireError } from '#wire'
import type { TextStage } from './text-stage.ts'

export interface SealScreen {
  /** The stage of a text that will be signed, watched for changes. */
  watch(delta: Delta, stage: TextStage): TextStage
  /** A signed text that came and went whole. */
  passed(delta: Delta, text: string): void
  /** The signature, when it is still true; else nothing. Its text must have ended. */
  screen(delta: Delta, screened: string): string
}

export function createSealScreen(): SealScreen {
  /** Choices of which signed text was changed, and those that have their signature. */
  const broken = new Set<number | undefined>()
  const sealed = new Set<number | undefined>()
  return {
    watch(delta, stage) {
      if (delta.signed !== 'text') return stage
      if (sealed.has(delta.choice)) throw lateText()
      return watched(stage, () => broken.add(delta.choice))
    },
    passed(delta, text) {
      if (delta.signed === 'text' && text !== delta.text) broken.add(delta.choice)
    },
    screen(delta, screened) {
      sealed.add(delta.choice)
      return broken.has(delta.choice) || screened !== delta.text ? '' : screened
    },
  }
}

/** Calls `changed` when what comes out is not what went in. */
function watched(stage: TextStage, changed: () => void): TextStage {
  let pending = ''
  const take = (text: string): string => {
    if (pending.startsWith(text)) pending = pending.slice(text.length)
    else changed()
    return text
  }
  return {
    push(text) {
      pending += text
      return take(stage.push(text))
    },
    end() {
      const tail = take(stage.end())
      if (pending !== '') changed()
      return tail
    },
  }
}

function lateText(): WireError {
  const message = 'The stream adds to a text that is signed already.'
  return new WireError({ code: 'invalid_response', status: 502, message })
}
