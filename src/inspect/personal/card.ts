/** Payment card numbers: ISO/IEC 7812-1 Luhn check digit, and the ranges and lengths that issuers publish. */

import { DIGIT, isIn } from '../characters.ts'
import type { Window } from '../detector.ts'
import { type Collector, hold, report } from '../scan.ts'
import { endIsOpen, endsNumber, startsNumber } from './boundary.ts'
import { hasContext } from './context.ts'

const MAX_DIGITS = 19
const CONTEXT =
  /\b(?:card|cards|visa|mastercard|amex|maestro|discover|cc|ccn|pan|credit|debit|karte|carte|tarjeta|cartao|carta)\b[^0-9]{0,28}$/i

export function cardAt(window: Window, start: number, found: Collector): void {
  const { text, final } = window
  if (!startsNumber(text, start) || !mayBeIssued(text, start)) return
  const walk = walkGroups(text, start)
  if (!final && walk.stop === text.length && walk.digits.length <= MAX_DIGITS) {
    hold(found, start)
    return
  }
  for (let index = walk.ends.length - 1; index >= 0; index--) {
    const group = walk.ends[index]
    if (group === undefined || group.digits < 12) return
    if (endIsOpen(window, group.end)) {
      hold(found, start)
      return
    }
    const digits = walk.digits.slice(0, group.digits)
    if (!endsNumber(text, group.end) || !passesLuhn(digits)) continue
    const strength = issued(digits)
    if (strength === undefined) continue
    if (index > 0 && tableIsOpen(window, group.end)) {
      hold(found, start)
      return
    }
    if (index > 0 && isTable(text, group.end)) continue
    if (strength === 'weak' && !hasContext(text, start, CONTEXT)) continue
    report(found, 'card', start, group.end, index > 0 ? 0.98 : 0.92)
    return
  }
}

interface Walk {
  readonly digits: string
  /** Where each group ends, with the count of digits so far. */
  readonly ends: readonly { readonly end: number; readonly digits: number }[]
  /** Where reading stopped; the length of the text when more could follow. */
  readonly stop: number
}

/** Reads either one run of digits or groups of three to six with one kind of separator. */
function walkGroups(text: string, start: number): Walk {
  const ends: { end: number; digits: number }[] = []
  let digits = ''
  let index = start
  let separator: string | undefined
  for (;;) {
    const groupStart = index
    while (
      index < text.length &&
      digits.length + index - groupStart <= MAX_DIGITS &&
      isIn(text.charCodeAt(index), DIGIT)
    )
      index++
    const size = index - groupStart
    if (size === 0) return { digits, ends, stop: index }
    digits += text.slice(groupStart, index)
    if (digits.length > MAX_DIGITS) return { digits, ends, stop: index }
    ends.push({ end: index, digits: digits.length })
    const next = text[index]
    if (next !== ' ' && next !== '-') return { digits, ends, stop: index }
    if (size < 3 || size > 6 || (separator ?? next) !== next) return { digits, ends, stop: index }
    separator = next
    index++
  }
}

/** Whether two more groups of four follow: then this is a row of a table and not a card. */
function isTable(text: string, end: number): boolean {
  return /^[ -]\d{4}[ -]\d{4}/.test(text.slice(end, end + 10))
}

function tableIsOpen(window: Window, end: number): boolean {
  const tail = window.text.slice(end, end + 10)
  return !window.final && tail.length < 10 && /^[ -]\d{0,4}(?:[ -]\d{0,3})?$/.test(tail)
}

function mayBeIssued(text: string, start: number): boolean {
  const code = text.charCodeAt(start)
  return (code >= 0x31 && code <= 0x36) || code === 0x38 || code === 0x39
}

/** From first digits (inclusive), lengths; 'weak' ones are too common among other numbers to count without context. */
const RANGES: readonly {
  readonly from: string
  readonly to: string
  readonly lengths: readonly number[]
  readonly weak?: readonly number[]
}[] = [
  { from: '4', to: '4', lengths: [16], weak: [13, 19] }, // Visa
  { from: '51', to: '55', lengths: [16] }, // Mastercard
  { from: '2221', to: '2720', lengths: [16] }, // Mastercard
  { from: '34', to: '34', lengths: [15] }, // American Express
  { from: '37', to: '37', lengths: [15] }, // American Express
  { from: '300', to: '305', lengths: [14], weak: [16, 19] }, // Diners Club
  { from: '3095', to: '3095', lengths: [14], weak: [16, 19] }, // Diners Club
  { from: '36', to: '36', lengths: [14], weak: [16, 19] }, // Diners Club
  { from: '38', to: '39', lengths: [14, 16], weak: [19] }, // Diners Club
  { from: '3528', to: '3589', lengths: [16], weak: [17, 18, 19] }, // JCB
  { from: '2131', to: '2131', lengths: [15] }, // JCB, old
  { from: '1800', to: '1800', lengths: [15] }, // JCB, old
  { from: '6011', to: '6011', lengths: [16], weak: [17, 18, 19] }, // Discover
  { from: '644', to: '649', lengths: [16], weak: [17, 18, 19] }, // Discover
  { from: '65', to: '65', lengths: [16], weak: [17, 18, 19] }, // Discover, RuPay
  { from: '62', to: '62', lengths: [16, 19], weak: [17, 18] }, // UnionPay
  { from: '60', to: '60', lengths: [16] }, // RuPay, Hipercard
  { from: '81', to: '82', lengths: [16], weak: [17, 18, 19] }, // UnionPay, RuPay
  { from: '508', to: '508', lengths: [16] }, // RuPay
  { from: '5018', to: '5020', lengths: [16], weak: [12, 13, 14, 15, 17, 18, 19] }, // Maestro, Dankort
  { from: '5038', to: '5038', lengths: [16], weak: [12, 13, 14, 15, 17, 18, 19] }, // Maestro
  { from: '56', to: '58', lengths: [16], weak: [12, 13, 14, 15, 17, 18, 19] }, // Maestro
  { from: '63', to: '63', lengths: [16], weak: [12, 13, 14, 15, 17, 18, 19] }, // Maestro, Elo
  { from: '67', to: '67', lengths: [16], weak: [12, 13, 14, 15, 17, 18, 19] }, // Maestro
  { from: '5060', to: '5067', lengths: [16], weak: [18, 19] }, // Verve, Elo
  { from: '2200', to: '2204', lengths: [16], weak: [17, 18, 19] }, // Mir
  { from: '9792', to: '9792', lengths: [16] }, // Troy
]

function issued(digits: string): 'strong' | 'weak' | undefined {
  let best: 'weak' | undefined
  for (const { from, to, lengths, weak } of RANGES) {
    const lead = digits.slice(0, from.length)
    if (lead < from || lead > to) continue
    if (lengths.includes(digits.length)) return 'strong'
    if (weak?.includes(digits.length)) best = 'weak'
  }
  return best
}

function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 0x30
    const doubled = digit * 2
    sum += index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
