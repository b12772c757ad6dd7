/**
 * Telephone numbers: international form (ITU-T E.164 lengths and country codes), the North American plan, a few national
 * groupings that nothing else uses, and any plausible number after a word that says it is one.
 */

import { DIGIT, isIn } from '../characters.ts'
import type { Window } from '../detector.ts'
import { type Collector, hold, report } from '../scan.ts'
import { endIsOpen, endsNumber, startsNumber } from './boundary.ts'
import { leadOf } from './context.ts'

/** Longest number with its separators, and the longest extension. */
const MAX_SPAN = 32
const MAX_EXTENSION = 12
const MIN_DIGITS = 7
const MAX_DIGITS = 17

/** Words for a telephone, or for calling somebody, with what may stand between them and the number. */
const CONTEXT = new RegExp(
  '(?:(?:^|[^a-z])(?:(?:tele|mobil|cell)?(?:phone|fon|foon)s?|telefon[eou]?|tele?f?|mobile|mobil|movil|celular|cellulare|cell|handy|fax|' +
    'whatsapp|viber|sms|landline|hotline|helpline|portable|rufnummer|handynummer|telefonnummer|telefonnr|(?:call|ring|dial)' +
    '(?: (?:me|us|him|her|them|back|now|someone))?(?: (?:back|up))?|(?:reach|text|page|contact) (?:me|us|him|her|them|you)|(?:answer(?:ing|s)?|reach(?:ed|able)?|available)(?= at))|' +
    'телефон[а-я]{0,2}|тел|номер|мобильн[а-я]{0,3}|звоните|电话|電話|手机|手機|携帯|전화|연락처|휴대폰|هاتف|جوال|फोन|मोबाइल)' +
    '(?:[ _-]?(?:number|no|nr|num|numero|nummer|numarasi|is|was|are|to|at|on|under|via|ist|est|es|e|номер|号码|號碼|番号|번호)){0,3}' +
    '[^0-9a-zA-Z+(]{0,8}$',
  'i',
)

/** Kinds of number that are grouped like telephone numbers. */
const OTHER_NUMBER =
  /(?:order|invoice|isbn|issn|reference|ref|ticket|case|account|acct|serial|part|model|version|build|sku|tracking|batch|lot|doi|policy|id|rfc|chapter|section)s?[ :.]{0,3}(?:number|num|no|nr|id)?[ :.#=]{0,4}$/i

export function phoneAt(window: Window, start: number, found: Collector): void {
  const { text, final } = window
  if (!startsPhone(text, start)) return
  const walk = walkNumber(text, start)
  if (!final && walk.stop === text.length && walk.digits.length <= MAX_DIGITS) {
    hold(found, start)
    return
  }
  if (walk.digits.length < MIN_DIGITS) return
  const lead = readLead(text, start)
  for (let index = walk.ends.length - 1; index >= 0; index--) {
    const group = walk.ends[index]
    if (group === undefined || group.digits < MIN_DIGITS) return
    if (endIsOpen(window, group.end) || (!final && /^x?$/i.test(text.slice(group.end, group.end + 2)))) {
      hold(found, start)
      return
    }
    const shape = walk.shape.slice(0, group.end - start)
    if (!endsPhone(text, group.end)) continue
    const score = judge(lead, shape, walk.digits.slice(0, group.digits))
    if (score === 0) continue
    const end = extensionEnd(text, group.end)
    if (!final && end.isOpen) {
      hold(found, start)
      return
    }
    report(found, 'phone', start, end.index, score)
    return
  }
}

function startsPhone(text: string, start: number): boolean {
  return startsNumber(text, start) && !NOT_BEFORE.has(text[start - 1] ?? ' ')
}

const NOT_BEFORE = new Set(['$', '€', '£', '¥', '#', '.', '@', '+'])

interface Walk {
  readonly digits: string
  /** The text with every digit as 'd'. */
  readonly shape: string
  readonly ends: readonly { readonly end: number; readonly digits: number }[]
  readonly stop: number
}

/** Reads digits with single separators; ') ' and ' (' count as one. */
function walkNumber(text: string, start: number): Walk {
  const ends: { end: number; digits: number }[] = []
  const limit = Math.min(text.length, start + MAX_SPAN)
  let digits = ''
  let shape = ''
  let index = start
  let previous = ''
  let isOpenParenthesis = false
  for (; index < limit && digits.length <= MAX_DIGITS; index++) {
    const char = text[index] ?? ''
    if (isIn(text.charCodeAt(index), DIGIT)) {
      digits += char
      shape += 'd'
      previous = 'd'
      continue
    }
    if (previous === 'd') ends.push({ end: index, digits: digits.length })
    if (!mayFollow(char, previous, index === start, isOpenParenthesis)) return { digits, shape, ends, stop: index }
    if (char === '(') isOpenParenthesis = true
    if (char === ')') isOpenParenthesis = false
    shape += char
    previous = char
  }
  if (previous === 'd' && (index === text.length || !isIn(text.charCodeAt(index), DIGIT)))
    ends.push({ end: index, digits: digits.length })
  return { digits, shape, ends, stop: index }
}

function mayFollow(char: string, previous: string, isFirst: boolean, isOpenParenthesis: boolean): boolean {
  switch (char) {
    case '+':
      return isFirst
    case '(':
      return !isOpenParenthesis && (isFirst || previous === 'd' || previous === ' ' || previous === '-')
    case ')':
      return isOpenParenthesis && previous === 'd'
    case ' ':
    case '-':
    case '.':
    case '/':
      return previous === 'd' || previous === ')'
    default:
      return false
  }
}

/** As `endsNumber`, and an extension may follow directly. */
function endsPhone(text: string, end: number): boolean {
  return endsNumber(text, end) || /^x\d/i.test(text.slice(end, end + 2))
}

/** End of an 'x123', ' ext. 123' after the number. */
function extensionEnd(text: string, end: number): { index: number; isOpen: boolean } {
  const tail = text.slice(end, end + MAX_EXTENSION)
  const match = /^ ?(?:x|ext\.?) ?(\d{1,5})(?![\da-z])/i.exec(tail)
  const isOpen = end + tail.length === text.length && /^ ?(?:e|ex|(?:(?:x|ext\.?) ?\d{0,5})?)$/i.test(tail)
  return { index: match === null ? end : end + match[0].length, isOpen }
}

/** The score of a candidate, 0 when it is no telephone number. */
function judge(lead: Lead, shape: string, digits: string): number {
  if (shape.startsWith('+')) return isInternational(digits, shape) ? 0.95 : 0
  if (isDate(shape) || /^[01]+$/.test(digits)) return 0
  if (lead === 'telephone') return digits.length <= 15 && new Set(digits).size > 1 ? 0.9 : 0
  if (lead === 'other') return 0
  if (/^00\d/.test(digits) || digits.startsWith('011'))
    return lead !== 'digits' && isDialledAbroad(digits, shape) ? 0.8 : 0
  if (isNorthAmerican(digits, shape)) return 0.85
  return isNational(digits, shape) ? 0.7 : 0
}

/** What the words before the number call it. */
type Lead = 'telephone' | 'other' | 'digits' | 'nothing'

function readLead(text: string, start: number): Lead {
  const lead = leadOf(text, start)
  if (lead === '') return isIn(text.charCodeAt(start - 2), DIGIT) ? 'digits' : 'nothing'
  return CONTEXT.test(lead) ? 'telephone' : OTHER_NUMBER.test(lead) ? 'other' : 'nothing'
}

function isInternational(digits: string, shape: string): boolean {
  const national = shape.includes('(d)') ? digits.length - 1 : digits.length
  if (digits.startsWith('1')) return digits.length === 11 && (/^1[2-9]\d\d[2-9]/.test(digits) || /[^d+]/.test(shape))
  return national >= 8 && national <= 15 && hasCountryCode(digits)
}

function isDialledAbroad(digits: string, shape: string): boolean {
  const rest = digits.slice(digits.startsWith('011') ? 3 : 2)
  return (
    /[^d]/.test(shape) && !/^dd dd dd dd/.test(shape) && rest.length >= 9 && rest.length <= 15 && hasCountryCode(rest)
  )
}

const NORTH_AMERICAN = /^(?:d[-. ]?)?(?:\(ddd\)[-. ]?ddd[-. ]?dddd|ddd([-. ])ddd\1dddd|ddd[/]ddd-dddd)$/

/** Parentheses, hyphens or a leading 1 leave no doubt; dots and spaces group other things too, so the plan's rules apply. */
function isNorthAmerican(digits: string, shape: string): boolean {
  if (!NORTH_AMERICAN.test(shape) || (digits.length === 11 && !digits.startsWith('1'))) return false
  if (/[(-]/.test(shape) || digits.length === 11) return true
  const isPlanned = /^[2-9]\d\d[2-9]\d{6}$/.test(digits)
  return shape.includes('.') ? /^[2-9]/.test(digits) : isPlanned && !/^(?:\d00|\d{4}00)/.test(digits)
}

/** Shapes that dates, versions, prices and identifiers do not take. */
const WITH_AREA = /^\(dd(?:d(?:dd?)?)?\) ?d{3,5}-d{3,4}$/
/** The same with a trunk zero. */
const WITH_TRUNK_ZERO = [
  /^dd([-. ])dd\1dd\1dd\1dd$/, // France
  /^\(d{2,5}\)[ -]?d{3,8}(?:[ -]d{2,4}){0,2}$/, // area code in parentheses
  /^d{5} d{6}$/, // United Kingdom, mobile and towns
  /^d{3,4} ddd dddd?$/, // United Kingdom, Australia, South Africa
  /^ddd dddd dddd$/, // London, Japan, Korea
  /^d{2,3}-d{3,4}-d{4}$/, // Japan, Korea
  /^d{3,4} d{2,3} dd dd$/, // Belgium, Switzerland, Finland, Austria
  /^d{2,4}-d{6,8}$/, // Netherlands, Sweden
  /^d{3,4} d{6,7}$/, // Italy
  /^d{3,5}\/d{4,9}$/, // Germany
]

function isNational(digits: string, shape: string): boolean {
  if (WITH_AREA.test(shape)) return digits.length >= 8
  if (/^(?:0\d){4}/.test(digits)) return false // a row of bytes
  return (
    digits.length >= 9 &&
    digits.length <= 12 &&
    /^0[1-9]/.test(digits) &&
    WITH_TRUNK_ZERO.some((pattern) => pattern.test(shape))
  )
}

function isDate(shape: string): boolean {
  return /^(?:dddd([-./])dd\1dd|dd([-./])dd\2dddd)(?: dd?)?$/.test(shape)
}

/** ITU-T E.164 country codes, as the first digits that decide. */
const COUNTRY_CODE =
  /^(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|2[1-689]\d|3[578]\d|42[013]|50\d|59\d|67\d|68\d|69[0-2]|8[08]\d|85[02356]|9[679]\d)/

function hasCountryCode(digits: string): boolean {
  return COUNTRY_CODE.test(digits)
}
