/** Passwords in URLs: scheme://user:password@host (RFC 3986, section 3.2.1). Only the password is reported. */

import { ALNUM, isIn } from '../characters.ts'
import type { Window } from '../detector.ts'
import { type Collector, hold, report } from '../scan.ts'
import { isPlaceholder } from './plausible.ts'

const MAX_USER = 64
const MAX_PASSWORD = 256

export function findUrlPasswords(window: Window, found: Collector): void {
  const { text, from, final } = window
  // The scheme may have been released already, so the search begins before `from`.
  for (
    let scheme = text.indexOf('://', Math.max(0, from - MAX_USER - 4));
    scheme !== -1;
    scheme = text.indexOf('://', scheme + 3)
  ) {
    if (!isIn(text.charCodeAt(scheme - 1), ALNUM)) continue
    const colon = userEnd(text, scheme + 3)
    if (text[colon] !== ':' || colon + 1 < from) continue
    const stop = authorityEnd(text, colon + 1)
    if (stop === text.length && !final) {
      hold(found, colon + 1)
      continue
    }
    const length = text.slice(colon + 1, stop).lastIndexOf('@')
    const end = colon + 1 + length
    if (length === -1 || !isIn(text.charCodeAt(end + 1), ALNUM)) continue
    if (isReal(text.slice(colon + 1, end))) report(found, 'url_password', colon + 1, end, 0.9)
  }
}

function userEnd(text: string, start: number): number {
  let index = start
  while (index < text.length && index - start < MAX_USER && text[index] !== ':' && isAuthority(text.charCodeAt(index)))
    index++
  return index
}

function authorityEnd(text: string, start: number): number {
  let index = start
  while (index < text.length && index - start < MAX_PASSWORD && isAuthority(text.charCodeAt(index))) index++
  return index
}

/** Anything but white space, quotes, brackets and what ends an authority. */
function isAuthority(code: number): boolean {
  return code > 0x20 && code < 0x7f && !ENDS_AUTHORITY.has(code)
}

const ENDS_AUTHORITY = new Set([...'/?#"\'`<>()[]{}|\\^,;'].map((char) => char.charCodeAt(0)))

function isReal(password: string): boolean {
  return (
    password.length >= 3 &&
    !isPlaceholder(password) &&
    !/^(?:password|passwd|pass|pwd|secret|token|\$.*|%.*%)$/i.test(password)
  )
}
