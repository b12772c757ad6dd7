/** Walks the digit groups of a text and offers each to the recognisers whose matches begin there. */
import type { Window } from '../detector.ts'
import { ALNUM, type Collector, DIGIT, DOT, isEscapeLetter, isIn, JOINER, LETTER } from '../scan.ts'
import { cardAt } from './card.ts'
import { ibanAt } from './iban.ts'
import { phoneAt } from './phone.ts'
import { ssnAt } from './ssn.ts'

export function findNumbers(window: Window, found: Collector): void {
  const { text, from } = window
  for (let index = from; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x2b || code === 0x28) phoneAt(window, index, found)
    else if (isIn(code, DIGIT)) {
      const previous = text.charCodeAt(index - 1)
      if (isIn(previous, LETTER)) {
        if (index - 2 >= from) ibanAt(window, index - 2, found)
      }
      if (!isIn(previous, DIGIT)) {
        ssnAt(window, index, found)
        cardAt(window, index, found)
        phoneAt(window, index, found)
      }
    }
  }
}

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

/** Whether a number that ends before `end` is whole. */
export function endsNumber(text: string, end: number): boolean {
  const code = text.charCodeAt(end)
  if (isIn(code, ALNUM) || code === 0x5f) return false
  return !(isIn(code, INNER) && isIn(text.charCodeAt(end + 1), code === 0x2e ? DIGIT : ALNUM))
}

/** Whether `endsNumber` would look past the end of an unfinished text. */
export function endIsOpen(window: Window, end: number): boolean {
  const { text, final } = window
  if (final || end + 1 < text.length) return false
  return end >= text.length || isIn(text.charCodeAt(end), INNER)
}

/** '-', '_' and '.' join the digits of one number. */
const INNER = JOINER | DOT
