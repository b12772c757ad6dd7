/** E-mail addresses: the dot-atom form of RFC 5321 with the lengths of section 4.5.3.1, internationalised letters included. */

import { ALNUM, DOT, isEscapeLetter, isIn, JOINER } from '../characters.ts'
import type { Window } from '../detector.ts'
import { type Collector, hold, report } from '../scan.ts'

const MAX_LOCAL = 64
const MAX_DOMAIN = 253
export const MAX_EMAIL = MAX_LOCAL + 1 + MAX_DOMAIN

export function findEmails(window: Window, found: Collector): void {
  const { text, from, final } = window
  for (let at = text.indexOf('@', from); at !== -1; at = text.indexOf('@', at + 1)) {
    const start = localStart(text, at, from)
    if (start === at) continue
    const stop = domainRunEnd(text, at + 1)
    if (stop === text.length && !final) {
      hold(found, start)
      continue
    }
    const end = domainEnd(text, at + 1, stop)
    if (end === undefined || !isAddress(text, start, at, end)) continue
    report(found, 'email', start, end, 0.95)
  }
  if (!final) hold(found, localRunStart(text, text.length, from))
}

/** Start of the local part that ends before `at`; `at` when there is none. */
function localStart(text: string, at: number, from: number): number {
  if (text.charCodeAt(at - 1) === 0x2e) return at
  let start = localRunStart(text, at, from)
  if (start + 1 < at && isEscapeLetter(text, start)) start++
  while (start < at && !startsLocal(text.charCodeAt(start))) start++
  return start
}

function startsLocal(code: number): boolean {
  return isIn(code, ALNUM) || code === 0x5f || isAlphabeticLetter(code)
}

function localRunStart(text: string, end: number, from: number): number {
  const limit = Math.max(from, end - MAX_LOCAL)
  let start = end
  while (start > limit && isLocal(text.charCodeAt(start - 1))) start--
  return start
}

function isLocal(code: number): boolean {
  return isIn(code, ALNUM | JOINER | DOT) || code === 0x2b || code === 0x25 || code === 0x27 || isAlphabeticLetter(code)
}

function domainRunEnd(text: string, start: number): number {
  const limit = Math.min(text.length, start + MAX_DOMAIN)
  let end = start
  while (end < limit && isDomain(text.charCodeAt(end))) end++
  return end
}

function isDomain(code: number): boolean {
  return isIn(code, ALNUM | DOT) || code === 0x2d || isAlphabeticLetter(code)
}

/** Letters of scripts that put spaces between words; in the others an address is glued to the words around it. */
function isAlphabeticLetter(code: number): boolean {
  return (
    (code >= 0xc0 && code <= 0x58f) ||
    (code >= 0x5d0 && code <= 0x5ea) ||
    (code >= 0x620 && code <= 0x6d3) ||
    (code >= 0x900 && code <= 0xdff)
  )
}

/** End of the longest domain in [start, stop) whose last label can be a top-level domain. */
function domainEnd(text: string, start: number, stop: number): number | undefined {
  const run = text.slice(start, stop)
  let end = run.length
  for (;;) {
    while (end > 0 && !isLabelEnd(run.charCodeAt(end - 1))) end--
    const dot = run.lastIndexOf('.', end - 1)
    if (dot <= 0) return undefined
    if (isTopLevel(run.slice(dot + 1, end)) && !run.slice(0, end).includes('..')) return start + end
    end = dot
  }
}

function isLabelEnd(code: number): boolean {
  return code !== 0x2d && code !== 0x2e
}

function isTopLevel(label: string): boolean {
  return (
    label.length >= 2 &&
    label.length <= 63 &&
    (/^[a-zA-Z]+$/.test(label) || /^xn--[a-zA-Z0-9-]+$/i.test(label) || /^[^\0-\x7f]+$/.test(label))
  )
}

/** Rules out what only looks like an address: the user of a URL, a Git remote, an image at twice its size. */
function isAddress(text: string, start: number, at: number, end: number): boolean {
  const lead = text.slice(Math.max(0, start - MAX_LOCAL), start)
  if (/:\/\/[^\s/]*$/.test(lead)) return false
  const local = text.slice(start, at)
  if (local === 'git' && text[end] === ':') return false
  return !/^\d{1,2}x\.[a-z]{2,4}$/i.test(text.slice(at + 1, end))
}
