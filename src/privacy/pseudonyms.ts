// Takes protected values out of a text and puts placeholders in.
import { PrivacyError } from './errors.ts'
import { findPlaceholders, LITERAL } from './placeholders.ts'
import type { VaultSession } from './session.ts'

/** What to protect: characters from `start` up to, not including, `end` (UTF-16 code units). */
export interface ProtectedSpan {
  readonly start: number
  readonly end: number
  /** TYPE of the placeholder (see `placeholderType`). */
  readonly type: string
}

export interface Pseudonymised {
  readonly text: string
  /** The value of each placeholder that stands in the text, whether minted now or recognised. */
  readonly placeholders: ReadonlyMap<string, string>
}

export interface PseudonymiseOptions {
  /**
   * Whether placeholders that the session knows are kept and resolve. Only for a session that belongs to one
   * conversation: where many people share it, whoever saw a placeholder could send it and read the value behind it.
   */
  readonly recognise: boolean
}

const NONE: ReadonlyMap<string, string> = new Map()

/**
 * Masks the spans. Spans that overlap are masked together, as the type of the longest one.
 *
 * Text that already looks like a placeholder is masked itself, as LITERAL: it is forged or somebody else's, the
 * upstream must see no placeholder that we did not make, and the client gets its own text back. The exception, with
 * `recognise`, is a placeholder of this session (a client sends back what it was given): it stays. Only the exact
 * ASCII form counts, here as in restoring; a look-alike is ordinary text on both sides.
 *
 * `replacePlaceholders(result.text, result.placeholders)` is the text again, for every text in which nothing was
 * recognised.
 *
 * @throws PrivacyError `invalid_span` for a span outside of the text; `invalid_type`, `session_full`
 */
export function pseudonymise(
  text: string,
  spans: readonly ProtectedSpan[],
  session: Pick<VaultSession, 'mask' | 'lookup'>,
  { recognise }: PseudonymiseOptions,
): Pseudonymised {
  const shapes = findPlaceholders(text)
  if (spans.length === 0 && shapes.length === 0) return { text, placeholders: NONE }
  const placeholders = new Map<string, string>()
  let result = ''
  let written = 0
  for (const group of joinOverlaps([...spans.map((span) => checked(text, span)), ...shapes.map(literal)])) {
    const original = text.slice(group.start, group.end)
    const value = recognise ? session.lookup(original) : undefined
    const placeholder = value === undefined ? session.mask(group.type, original) : original
    placeholders.set(placeholder, value ?? original)
    result += text.slice(written, group.start) + placeholder
    written = group.end
  }
  return { text: result + text.slice(written), placeholders }
}

/** The span, grown so that it cuts no surrogate pair: half a character has no UTF-8. */
function checked(text: string, { start, end, type }: ProtectedSpan): ProtectedSpan {
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > text.length) {
    throw new PrivacyError(
      'invalid_span',
      `a span from ${start} to ${end} is not in a text of ${text.length} characters`,
    )
  }
  return { start: isPairCut(text, start) ? start - 1 : start, end: isPairCut(text, end) ? end + 1 : end, type }
}

function isPairCut(text: string, at: number): boolean {
  return at > 0 && /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(at - 1, at + 1))
}

function literal({ start, end }: { start: number; end: number }): ProtectedSpan {
  return { start, end, type: LITERAL }
}

/** Groups of spans that overlap, in order. Spans that only touch stay apart, empty ones vanish. */
function joinOverlaps(spans: readonly ProtectedSpan[]): ProtectedSpan[] {
  const sorted = spans.filter(({ start, end }) => start < end).sort((a, b) => a.start - b.start || b.end - a.end)
  const groups: (ProtectedSpan & { longest: number })[] = []
  for (const span of sorted) {
    // That something looks like a placeholder says less about it than any detector does.
    const length = span.type === LITERAL ? 0 : span.end - span.start
    const group = groups.at(-1)
    if (!group || span.start >= group.end) groups.push({ ...span, longest: length })
    else {
      const isLonger = length > group.longest
      groups[groups.length - 1] = {
        start: group.start,
        end: Math.max(group.end, span.end),
        type: isLonger ? span.type : group.type,
        longest: Math.max(group.longest, length),
      }
    }
  }
  return groups
}
