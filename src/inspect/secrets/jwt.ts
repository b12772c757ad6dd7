/** JSON Web Tokens in compact form (RFC 7515, 7516): three or five base64url parts, the first a JSON object with `alg`. */

import { BASE64URL, DOT, isEscapeLetter, isIn, runEnd } from '../characters.ts'
import type { Window } from '../detector.ts'
import { type Collector, hold, report } from '../scan.ts'

/** The base64url form of '{"'. */
const OPENING = 'eyJ'

/** How many candidates within one run of the alphabet are looked at. */
const MAX_TRIES = 8

export function findJwts(window: Window, found: Collector): void {
  const { text, from, final } = window
  let runStop = 0
  let tries = 0
  for (let start = text.indexOf(OPENING, from); start !== -1; start = text.indexOf(OPENING, start + 1)) {
    if (!startsToken(text, start)) continue
    if (start >= runStop) {
      runStop = runEnd(text, start, BASE64URL | DOT)
      tries = 0
    }
    if (runStop === text.length && !final) {
      hold(found, start)
      return
    }
    if (++tries > MAX_TRIES) continue
    const token = COMPACT.exec(text.slice(start, runStop))?.[0]
    if (token === undefined || !hasAlgorithm(token)) continue
    report(found, 'jwt', start, start + token.length, 0.98)
    start += token.length
  }
  if (!final) holdOpening(text, from, found)
}

const COMPACT = /^[\w-]{10,}\.[\w-]{2,}\.[\w-]*(?:\.[\w-]+\.[\w-]+)?/

function startsToken(text: string, start: number): boolean {
  return start === 0 || !isIn(text.charCodeAt(start - 1), BASE64URL) || isEscapeLetter(text, start - 1)
}

function holdOpening(text: string, from: number, found: Collector): void {
  for (const part of ['ey', 'e']) {
    if (text.endsWith(part) && text.length - part.length >= from) {
      hold(found, text.length - part.length)
      return
    }
  }
}

function hasAlgorithm(token: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString())
    return typeof header === 'object' && header !== null && 'alg' in header
  } catch {
    return false
  }
}
