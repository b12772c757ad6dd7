/** The canary detector: strings that an operator planted and that should never be seen outside, such as a marker in a system prompt. */
import { hash } from 'node:crypto'
import type { Detector, Findings, Window } from './detector.ts'
import { normalise } from './normalise.ts'
import { collector, hold, report } from './scan.ts'

/** Shorter strings turn up by accident. */
const MIN_LENGTH = 6

/**
 * Matches without regard to case or to what the normaliser folds, and in decoded views.
 *
 * @param values the planted strings, each at least 6 characters when normalised; others throw RangeError
 */
export function canaries(values: readonly string[]): Detector {
  const planted = [...new Set(values.map((value) => searchable(normalise(value).text)))]
  if (planted.some((value) => value.length < MIN_LENGTH))
    throw new RangeError(`a canary has at least ${MIN_LENGTH} characters`)
  const maxLength = Math.max(0, ...planted.map((value) => value.length))
  return {
    id: 'canary',
    version: `1.${hash('sha256', planted.join('\n')).slice(0, 8)}`,
    category: 'canary',
    detect: (text) => scan(planted, { text: text.text, from: 0, final: true }).matches,
    stream: { maxLength, scan: (window) => scan(planted, window) },
  }
}

function scan(planted: readonly string[], window: Window): Findings {
  const found = collector(window)
  const text = searchable(window.text)
  for (const value of planted) {
    for (let start = text.indexOf(value, window.from); start !== -1; start = text.indexOf(value, start + 1)) {
      report(found, 'canary', start, start + value.length, 1)
    }
    if (!window.final) hold(found, openPrefix(text, value, window.from))
  }
  return found
}

/** Start of the longest suffix of the text with which `value` begins. */
function openPrefix(text: string, value: string, from: number): number {
  const first = value.charCodeAt(0)
  for (let start = Math.max(from, text.length - value.length + 1); start < text.length; start++) {
    if (text.charCodeAt(start) === first && value.startsWith(text.slice(start))) return start
  }
  return text.length
}

/** Lower case, one unit for one, so that offsets stay. */
function searchable(text: string): string {
  const lower = text.toLowerCase()
  return lower.length === text.length ? lower : text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
