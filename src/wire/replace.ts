// Writes changes back into a body without touching any other byte.
import { blameUpstream, WireError } from './errors.ts'
import { parseJson } from './json.ts'
import { DEFAULT_WIRE_OPTIONS } from './options.ts'
import type { Span } from './part.ts'

export interface PartEdit {
  readonly part: Span
  /** The new decoded text; written as a JSON string. */
  readonly text: string
}

/** A span of bytes and what takes its place. */
export interface Splice extends Span {
  readonly bytes: Uint8Array
}

/**
 * Replaces parts of a body. Only the spans of the edited parts change; without edits the very same object comes back.
 *
 * @param edits in any order; each part at most once
 */
export function replaceParts(body: Uint8Array, edits: readonly PartEdit[]): Uint8Array {
  return splice(
    body,
    edits.map(({ part, text }) => ({ start: part.start, end: part.end, bytes: jsonString(text) })),
  )
}

/** Text as a JSON string token. A lone surrogate, which UTF-8 cannot carry, becomes U+FFFD. */
export function jsonString(text: string): Buffer {
  return Buffer.from(JSON.stringify(text.toWellFormed()))
}

/**
 * What takes the place of a part of an answer: a string; or JSON, where the part was an object or array and its text
 * is therefore JSON itself.
 *
 * @throws WireError (invalid_response, 502) when the text is not such JSON any more
 */
export function answerToken(body: Uint8Array, { start }: Span, text: string): Buffer {
  if (body[start] !== OBJECT && body[start] !== ARRAY) return jsonString(text)
  const bytes = Buffer.from(text.toWellFormed())
  const { kind } = blameUpstream(() => parseJson(bytes, WITHIN_LIMITS).root)
  if (kind === 'object' || kind === 'array') return bytes
  throw new WireError({ code: 'invalid_response', status: 502, message: 'The arguments of a call are no JSON object.' })
}

const OBJECT = 0x7b
const ARRAY = 0x5b

/** Of a piece of an answer that has been held to its own limits. */
const WITHIN_LIMITS = { maxDepth: DEFAULT_WIRE_OPTIONS.maxDepth, maxValues: DEFAULT_WIRE_OPTIONS.maxAnswerValues }

/** Puts bytes in place of spans, which must lie in the body and not overlap. */
export function splice(body: Uint8Array, splices: readonly Splice[]): Uint8Array {
  if (splices.length === 0) return body
  const pieces: Uint8Array[] = []
  let at = 0
  for (const { start, end, bytes } of splices.toSorted((a, b) => a.start - b.start)) {
    if (start < at || end < start || end > body.length) throw misplaced()
    pieces.push(body.subarray(at, start), bytes)
    at = end
  }
  pieces.push(body.subarray(at))
  return Buffer.concat(pieces)
}

function misplaced(): WireError {
  const message = 'Two edits overlap, or an edit lies outside the body.'
  return new WireError({ code: 'misplaced_edit', status: 500, message })
}
