// Decides for each placeholder of an answer whether its value may stand there, and gathers what goes out.
import type { ContextTracker, Place } from './contexts.ts'

/** A value that was put back: where it stands in the text that was returned with it. */
export interface RestoredSpan {
  readonly placeholder: string
  readonly start: number
  readonly end: number
}

/** A placeholder that stays, because of what its value would have become part of. */
export interface RefusedPlaceholder {
  readonly placeholder: string
  readonly reason: Exclude<Place, 'plain' | 'listed'> | 'outward'
}

export interface Restored {
  /** Text to send on, possibly empty. */
  readonly text: string
  readonly restored: readonly RestoredSpan[]
  readonly refused: readonly RefusedPlaceholder[]
}

export const NOTHING: readonly never[] = []

/** Restores one lane (one choice's content, one tool call's arguments) of one answer. */
export interface Restorer {
  /** Takes the next piece, cut anywhere. Held back is at most the beginning of a placeholder of this exchange. */
  push(delta: string): Restored
  /** The lane is complete: returns what was held back. */
  end(): Restored
}

/** The text of one lane on its way out. */
export class RestoredOutput {
  readonly tracker: ContextTracker
  readonly #isOutward: boolean
  #text = ''
  #restored: RestoredSpan[] | undefined
  #refused: RefusedPlaceholder[] | undefined

  constructor(tracker: ContextTracker, isOutward: boolean) {
    this.tracker = tracker
    this.#isOutward = isOutward
  }

  /** Writes text as it came; what it says is the caller's to tell the tracker. */
  write(text: string): void {
    this.#text += text
  }

  /**
   * Writes the value, or the placeholder as it came where the value may not stand.
   *
   * @param raw    the placeholder as the upstream spelled it
   * @param spell  how a value is written in this content type
   */
  writePlaceholder(placeholder: string, value: string, raw: string, spell: (value: string) => string): void {
    const place = this.tracker.place(value)
    const reason = this.#refusal(place)
    if (reason !== undefined) {
      this.#refused ??= []
      this.#refused.push({ placeholder, reason })
      this.tracker.push(placeholder)
      this.#text += raw
      return
    }
    const start = this.#text.length
    if (place === 'listed') this.#text += encodeComponent(value)
    else {
      this.#text += spell(value)
      this.tracker.push(value)
    }
    this.#restored ??= []
    this.#restored.push({ placeholder, start, end: this.#text.length })
  }

  /** Hands over everything written since the last time. */
  take(): Restored {
    const result = { text: this.#text, restored: this.#restored ?? NOTHING, refused: this.#refused ?? NOTHING }
    this.#text = ''
    this.#restored = undefined
    this.#refused = undefined
    return result
  }

  #refusal(place: Place): RefusedPlaceholder['reason'] | undefined {
    if (place !== 'plain' && place !== 'listed') return place
    if (this.#isOutward && (place !== 'listed' || this.tracker.sawUnlisted)) return 'outward'
    return undefined
  }
}

/** A value as part of a path or a query (RFC 3986), so that it can neither end the address nor begin another one. */
function encodeComponent(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
