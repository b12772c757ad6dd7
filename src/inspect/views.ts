/**
 * What a text says when it is decoded: base64, hex, percent, HTML and backslash escapes, rot13, reversed, spaced-out
 * letters and leet. Each is looked for only when a cheap sign of it is there, to a depth of two, and within a budget, so
 * that a plain text costs a few searches. A view knows from where in the text it came.
 */
import { DECODERS, type Decoded } from './decoders.ts'
import { fold, type Span } from './fold.ts'

export interface View {
  /** 'base64', 'hex', …; nested ones joined by '+', outermost first: 'base64+rot13'. */
  readonly name: string
  /** Decoded and normalised. */
  readonly text: string
  /** The span of the normalised text from which [start, end) of the view came. */
  original(start: number, end: number): Span
}

const MAX_DEPTH = 2
const MAX_VIEWS = 24
/** Decoded characters in all, as a multiple of the text's length and at least this many. */
const MAX_GROWTH = 4
const MIN_BUDGET = 8192

/** The views of a normalised text; empty for most texts. */
export function decodedViews(text: string): readonly View[] {
  const views: View[] = []
  const budget = { left: Math.max(MIN_BUDGET, text.length * MAX_GROWTH) }
  decode({ name: '', text, original: (start, end) => ({ start, end }) }, 1, views, budget)
  return views
}

function decode(from: View, depth: number, views: View[], budget: { left: number }): void {
  for (const [name, decoder] of DECODERS) {
    for (const decoded of decoder(from.text)) {
      if (views.length >= MAX_VIEWS || decoded.text.length > budget.left) return
      budget.left -= decoded.text.length
      const view = toView(from, name, decoded)
      if (view.text === '' || view.text === from.text) continue
      views.push(view)
      if (depth < MAX_DEPTH) decode(view, depth + 1, views, budget)
    }
  }
}

function toView(from: View, name: string, decoded: Decoded): View {
  const folded = fold(decoded.text, 'text')
  const starts = through(folded.starts, decoded.starts)
  const ends = through(folded.ends, decoded.ends, -1)
  return {
    name: from.name === '' ? name : `${from.name}+${name}`,
    text: folded.text,
    original: (start, end) => {
      // Reversed text runs backwards, so the span is the hull of what its characters came from.
      let low = Number.POSITIVE_INFINITY
      let high = 0
      for (let unit = start; unit < end; unit++) {
        low = Math.min(low, starts[unit] ?? low)
        high = Math.max(high, ends[unit] ?? high)
      }
      return from.original(Math.min(low, high), high)
    },
  }
}

/** Composes two maps; `shift` is -1 for ends, which point behind the last unit. */
function through(outer: Int32Array | undefined, inner: Int32Array, shift = 0): Int32Array {
  return outer === undefined ? inner : outer.map((index) => inner[index + shift] ?? 0)
}
