/** The canary detector: strings that an operator planted and that should never be seen outside, such as a marker in a system prompt. */
import { hash } from 'node:crypto'
import { backwards, rotate } from './decoders.ts'
import type { Detector, Findings, Window } from './detector.ts'
import { findInViews } from './in-views.ts'
import { normalise } from './normalise.ts'
import { collector, hold } from './scan.ts'

/** Shorter strings turn up by accident. */
export const MIN_CANARY = 6

/**
 * Matches without regard to case or to what the normaliser folds. The encodings in which a model may be asked to say it
 * (base64, hex, rot13, backwards) are literals too, so that they are found in streams as well.
 *
 * @param values the planted strings, each at least 6 characters when normalised; others throw RangeError
 */
export function canaries(values: readonly string[]): Detector {
  if (!values.every(isCanary)) throw new RangeError(`a canary has at least ${MIN_CANARY} characters`)
  const planted = [...new Set(values.map((value) => normalise(value).text))]
  const forms = planted.flatMap(formsOf)
  return {
    id: 'canary',
    version: `1.${hash('sha256', planted.join('\n')).slice(0, 8)}`,
    category: 'canary',
    detect: (text) =>
      findInViews(
        text,
        (window) => scan(forms, window),
        () => true,
      ),
    stream: { maxLength: Math.max(0, ...forms.map(({ text }) => text.length)), scan: (window) => scan(forms, window) },
  }
}

/** Whether a string is long enough to be planted, once what is invisible is taken away. */
export function isCanary(value: string): boolean {
  return normalise(value).text.length >= MIN_CANARY
}

interface Form {
  readonly text: string
  readonly view?: string
}

function formsOf(canary: string): Form[] {
  return [
    { text: searchable(canary) },
    { text: searchable(backwards(canary)), view: 'reversed' },
    { text: searchable(rotate(canary)), view: 'rot13' },
    { text: Buffer.from(canary).toString('hex'), view: 'hex' },
    ...[0, 1, 2].map((offset) => ({ text: searchable(base64Core(canary, offset)), view: 'base64' })),
  ]
}

/** The base64 characters that depend on the canary alone, when it begins `offset` bytes into a group of three. */
function base64Core(canary: string, offset: number): string {
  const bytes = Buffer.from(canary)
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}

function scan(forms: readonly Form[], window: Window): Findings {
  const found = collector(window)
  const text = searchable(window.text)
  for (const form of forms) {
    for (let start = text.indexOf(form.text, window.from); start !== -1; start = text.indexOf(form.text, start + 1)) {
      found.matches.push({
        kind: 'canary',
        start,
        end: start + form.text.length,
        score: 1,
        ...(form.view !== undefined && { view: form.view }),
      })
    }
    if (!window.final) hold(found, openPrefix(text, form.text, window.from))
  }
  return found
}

/** Start of the longest suffix of the text with which `form` begins. */
function openPrefix(text: string, form: string, from: number): number {
  const first = form.charCodeAt(0)
  for (let start = Math.max(from, text.length - form.length + 1); start < text.length; start++) {
    if (text.charCodeAt(start) === first && form.startsWith(text.slice(start))) return start
  }
  return text.length
}

/** Lower case, one unit for one, so that offsets stay. */
function searchable(text: string): string {
  const lower = text.toLowerCase()
  return lower.length === text.length ? lower : text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
