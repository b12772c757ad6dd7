/** The interfaces of this room: what goes into a detector, what comes out, and how a detector takes part in a stream. */
import type { Normalised } from './normalise.ts'

export type Category = 'personal' | 'secret' | 'injection' | 'canary'

/** What policy wants done about a match. `mask` replaces the span; `block` stops the exchange. */
export type Action = 'allow' | 'flag' | 'mask' | 'block'

export type Direction = 'request' | 'response'

/** Where a text comes from; one part of an exchange, as the wire room cuts it. */
export interface Source {
  /** 'system' | 'user' | 'assistant' | 'tool_definition' | 'tool_call' | 'tool_result' | 'document' */
  readonly channel: string
  /** 'json' when the text is JSON source, so that its escapes are decoded before detection. */
  readonly contentType: 'text' | 'json'
  readonly direction: Direction
}

export interface InspectInput extends Source {
  readonly text: string
}

/** One thing found. Offsets are UTF-16 code units, `start` inclusive, `end` exclusive. */
export interface Match {
  /** 'email', 'card', 'iban', 'us_ssn', 'phone', 'aws_access_key', … */
  readonly kind: string
  readonly start: number
  readonly end: number
  /** How sure the detector is, in [0, 1]. Only what passed the detector's own threshold is reported. */
  readonly score: number
  /** The decoded view in which it was found ('base64', 'reversed', …); absent when it stood there plainly. */
  readonly view?: string
}

/** A match with who found it and what policy says; offsets refer to the original text. */
export interface Verdict extends Match {
  readonly detector: string
  readonly version: string
  readonly category: Category
  readonly action: Action
}

/**
 * Finds one category of thing. Offsets that it returns refer to `text.text`, the normalised text; the inspector maps
 * them back. A detector that throws fails the inspection closed.
 */
export interface Detector {
  readonly id: string
  /** Changes whenever the same text may get another answer; part of the verdict cache's key. */
  readonly version: string
  readonly category: Category
  detect(text: Normalised, source: Source): readonly Match[] | Promise<readonly Match[]>
  /** Present when the detector can also run over a stream; without it the detector sees complete texts only. */
  readonly stream?: StreamDetection
}

/** The streaming side of a detector. */
export interface StreamDetection {
  /**
   * Longest match in characters of normalised text. A longer one is still found in a complete text; in a stream its
   * tail is withheld and the stream ends with `match_too_long`.
   */
  readonly maxLength: number
  /**
   * Reports what is decided, and holds what is not.
   *
   * A match that starts at or after `window.from` is reported once no further text could change it. From `pending` on,
   * text may still become (part of) a match; it is the length of the text when nothing is open. May look back over at
   * most 256 characters before `from`. With `final`, everything is decided. For every way to cut a text into windows,
   * the reports must be those of the whole text.
   */
  scan(window: Window, source: Source): Findings
}

/** A stretch of normalised text: [0, from) was released before and is context only. */
export interface Window {
  readonly text: string
  readonly from: number
  readonly final: boolean
}

export interface Findings {
  readonly matches: readonly Match[]
  readonly pending: number
}
