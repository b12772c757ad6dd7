/** A text as detectors get it: its normal form (fold.ts), what it says when decoded (views.ts), and the way back. */
import { fold, originalSpan, type Span } from './fold.ts'
import { decodedViews, type View } from './views.ts'

export interface Normalised {
  readonly text: string
  /** The span of the original text from which [start, end) of `text` came. */
  original(start: number, end: number): Span
  /** What the text says when it is decoded (views.ts); computed once, when first asked for. */
  views(): readonly View[]
}

/** Normalises a complete text. With 'json' the escapes of JSON strings are decoded first. Never throws. */
export function normalise(text: string, contentType: 'text' | 'json' = 'text'): Normalised {
  const folded = fold(text, contentType)
  let views: readonly View[] | undefined
  return {
    text: folded.text,
    original: (start, end) => originalSpan(folded, start, end),
    views: () => {
      views ??= decodedViews(folded.text)
      return views
    },
  }
}
