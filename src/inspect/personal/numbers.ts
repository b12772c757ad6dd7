/** Walks the digit groups of a text and offers each to the recognisers whose matches begin there. */

import { DIGIT, isIn, LETTER } from '../characters.ts'
import type { Window } from '../detector.ts'
import type { Collector } from '../scan.ts'
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
