/** The personal-data detector: e-mail addresses, payment cards, IBANs, US social security numbers, telephone numbers. */
import type { Detector, Findings, Window } from './detector.ts'
import { findEmails, MAX_EMAIL } from './personal/email.ts'
import { findNumbers } from './personal/numbers.ts'
import { collector } from './scan.ts'

/** Kinds: 'email', 'card', 'iban', 'us_ssn', 'phone'. */
export function personalData(): Detector {
  return {
    id: 'personal',
    version: '1',
    category: 'personal',
    detect: (text) => scan({ text: text.text, from: 0, final: true }).matches,
    stream: { maxLength: MAX_EMAIL, scan },
  }
}

function scan(window: Window): Findings {
  const found = collector(window)
  findEmails(window, found)
  findNumbers(window, found)
  return found
}
