/** Where a number begins and ends. */

import { ALNUM, DIGIT, DOT, isEscapeLetter, isIn, JOINER, LETTER, runEnd } from '../characters.ts'
import type { Window } from '../detector.ts'

/**
 * Whether a number may begin at `index`: not inside a word, a longer number, a decimal or a hyphenated identifier.
 * The letter of a pasted backslash-n counts as a space.
 */
export function startsNumber(text: string, index: number): boolean {
  if (index === 0) return true
  const code = text.charCodeAt(index - 1)
  if (isIn(code, DIGIT) || code === 0x5f) return false
  if (isIn(code, LETTER)) return isEscapeLetter(text, index - 1)
  return !(isIn(code, INNER) && isIn(text.charCodeAt(index - 2), DIGIT))
}

/** Whether a number that ends before `end` is whole. A hyphen may lead to a word ('-Office'), not to more of an identifier. */
export function endsNumber(text: string, end: number): boolean {
  const code = text.charCodeAt(end)
  if (isIn(code, ALNUM) || code === 0x5f) return false
  if (!isIn(code, INNER)) return true
  if (isIn(code, DOT)) return !isIn(text.charCodeAt(end + 1), DIGIT)
  return (
    !isIn(text.charCodeAt(end + 1), ALNUM) ||
    runEnd(text, end + 1, LETTER, end + 1 + SHORTEST_WORD) === end + 1 + SHORTEST_WORD
  )
}

const SHORTEST_WORD = 3

/** Whether `endsNumber` would look past the end of an unfinished text. */
export function endIsOpen(window: Window, end: number): boolean {
  const { text, final } = window
  if (final || end + 1 + SHORTEST_WORD <= text.length) return false
  if (end >= text.length) return true
  return isIn(text.charCodeAt(end), INNER) && runEnd(text, end + 1, ALNUM) === text.length
}

/** '-', '_' and '.' join the digits of one number. */
const INNER = JOINER | DOT
