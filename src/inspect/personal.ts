/** The personal-data detector: e-mail addresses, payment cards, IBANs, US social security numbers, telephone numbers. */
import type { Detector, Findings, Window } from './detector.ts'
import { findInViews } from './in-views.ts'
import { findEmails, MAX_EMAIL } from './personal/email.ts'
import { findNumbers } from './personal/numbers.ts'
import { collector } from './scan.ts'

/** Kinds: 'email', 'card', 'iban', 'us_ssn', 'phone'. */
export function personalData(): Detector {
  return {
    id: 'personal',
    version: '1',
    category: 'personal',
    detect: (text) => findInViews(text, scan, (view) => ESCAPED.test(view)),
    stream: { maxLength: MAX_EMAIL, scan },
  }
}

/** Encodings in which people and programs write addresses; the others would turn random digits into numbers. */
const ESCAPED = /^(?:escape|percent|html)(?:\+|$)/

function scan(window: Window): Findings {
  const found = collector(window)
  findEmails(window, found)
  findNumbers(window, found)
  return found
}
