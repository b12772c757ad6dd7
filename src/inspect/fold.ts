/**
 * The form of a text in which detectors read it: what a human or a model would see, without what only hides.
 *
 * Compatibility forms are unfolded (NFKC: full-width, mathematical and circled letters), Latin letters lose their accents,
 * invisible characters and combining marks go, Unicode tag characters become the ASCII that they smuggle, dashes, quotes
 * and spaces become ASCII, and look-alike letters inside Latin words become Latin (homoglyphs.ts). Every character of the
 * result knows the span of the original from which it came. The result is for reading only and is never forwarded.
 *
 * Each character is treated on its own (look-alikes: with its neighbours), so the work is linear and a text may be
 * normalised piece by piece.
 */
import { foldHomoglyphs, openRunStart } from './homoglyphs.ts'

export interface Span {
  readonly start: number
  readonly end: number
}

/** A normalised text with its map; `starts` and `ends` are absent when the text is its own normalised form. */
export interface Folded {
  readonly text: string
  readonly starts?: Int32Array
  readonly ends?: Int32Array
  /** Original offset from which text that follows could change the result (half an escape or surrogate pair, a look-alike without its neighbour). */
  readonly settled: number
}

/**
 * Normalises a piece of a text.
 *
 * @param before the normalised character that stands before the piece, '' when there is none
 * @param final whether nothing follows; otherwise the result stops at `settled`
 */
export function fold(text: string, contentType: 'text' | 'json', before = '', final = true): Folded {
  const isJson = contentType === 'json'
  if ((isJson ? PLAIN_JSON : PLAIN).test(text)) return { text, settled: text.length }
  const builder = new Builder(text)
  const settled = isJson ? foldJson(text, builder, final) : foldText(text, 0, text.length, builder)
  return builder.finish(before, settled, final)
}

export function originalSpan(folded: Folded, start: number, end: number): Span {
  const { starts, ends } = folded
  if (starts === undefined || ends === undefined) return { start, end }
  if (start >= end) {
    const at = start < starts.length ? (starts[start] ?? 0) : (ends[ends.length - 1] ?? 0)
    return { start: at, end: at }
  }
  return { start: starts[start] ?? 0, end: ends[end - 1] ?? 0 }
}

const PLAIN = /^[\t\n\r\x20-\x7e]*$/
const PLAIN_JSON = /^[\t\n\r\x20-\x5b\x5d-\x7e]*$/

/** Collects normalised text with the span of the original behind each of its UTF-16 units. */
class Builder {
  readonly #source: string
  #text = ''
  #starts: Int32Array
  #ends: Int32Array
  #size = 0

  constructor(source: string) {
    this.#source = source
    this.#starts = new Int32Array(source.length + 16)
    this.#ends = new Int32Array(source.length + 16)
  }

  /** Takes [start, end) of the source as it is. */
  keep(start: number, end: number): void {
    if (start >= end) return
    this.#reserve(end - start)
    this.#text += this.#source.slice(start, end)
    for (let index = start; index < end; index++) {
      this.#starts[this.#size] = index
      this.#ends[this.#size++] = index + 1
    }
  }

  /** Puts `replacement` for [start, end) of the source. */
  put(replacement: string, start: number, end: number): void {
    this.#reserve(replacement.length)
    this.#text += replacement
    for (let unit = 0; unit < replacement.length; unit++) {
      this.#starts[this.#size] = start
      this.#ends[this.#size++] = end
    }
  }

  finish(before: string, settled: number, final: boolean): Folded {
    const size = final ? this.#size : openRunStart(this.#text)
    const text = foldHomoglyphs(size === this.#size ? this.#text : this.#text.slice(0, size), before)
    return {
      text,
      starts: this.#starts.subarray(0, size),
      ends: this.#ends.subarray(0, size),
      settled: size === this.#size ? settled : (this.#starts[size] ?? settled),
    }
  }

  #reserve(units: number): void {
    if (this.#size + units <= this.#starts.length) return
    const capacity = Math.max(this.#size + units, this.#starts.length * 2)
    this.#starts = grown(this.#starts, capacity)
    this.#ends = grown(this.#ends, capacity)
  }
}

function grown(array: Int32Array, capacity: number): Int32Array {
  const copy = new Int32Array(capacity)
  copy.set(array)
  return copy
}

/** Folds [from, to) of the source into the builder; returns the offset up to which the result is settled. */
function foldText(source: string, from: number, to: number, builder: Builder): number {
  let kept = from
  let index = from
  while (index < to) {
    const unit = source.charCodeAt(index)
    if (unit < 0x7f && (unit >= 0x20 || unit === 0x0a || unit === 0x09 || unit === 0x0d)) {
      index++
      continue
    }
    const codePoint = source.codePointAt(index) ?? unit
    if (isHighSurrogate(codePoint) && index + 1 === source.length) {
      builder.keep(kept, index)
      return index
    }
    const width = codePoint > 0xffff ? 2 : 1
    const folded = foldCodePoint(codePoint)
    if (folded !== undefined) {
      builder.keep(kept, index)
      builder.put(folded, index, index + width)
      kept = index + width
    }
    index += width
  }
  builder.keep(kept, to)
  return to
}

/** As `foldText`, and decodes the escapes of RFC 8259, section 7. What is no valid escape stays as it stands. */
function foldJson(source: string, builder: Builder, final: boolean): number {
  let index = 0
  for (;;) {
    const backslash = source.indexOf('\\', index)
    if (backslash === -1) return foldText(source, index, source.length, builder)
    foldText(source, index, backslash, builder)
    const decoded = readEscape(source, backslash)
    if (decoded === 'incomplete') {
      if (final) builder.keep(backslash, source.length)
      return backslash
    }
    const { codePoint, end } = decoded
    builder.put(foldCodePoint(codePoint) ?? String.fromCodePoint(codePoint), backslash, end)
    index = end
  }
}

const SIMPLE_ESCAPES: Record<string, number> = {
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  b: 0x20,
  f: 0x20,
  '"': 0x22,
  '/': 0x2f,
  '\\': 0x5c,
}

function readEscape(source: string, backslash: number): { codePoint: number; end: number } | 'incomplete' {
  const letter = source[backslash + 1]
  if (letter === undefined) return 'incomplete'
  if (letter !== 'u') {
    const codePoint = SIMPLE_ESCAPES[letter]
    return codePoint === undefined ? { codePoint: 0x5c, end: backslash + 1 } : { codePoint, end: backslash + 2 }
  }
  const first = readHex(source, backslash + 2)
  if (typeof first === 'string') return first === 'incomplete' ? first : { codePoint: 0x5c, end: backslash + 1 }
  const end = backslash + 6
  if (!isHighSurrogate(first)) return { codePoint: first, end }
  const rest = source.slice(end, end + 2)
  if (rest.length < 2 && '\\u'.startsWith(rest)) return 'incomplete'
  if (rest !== '\\u') return { codePoint: first, end }
  const second = readHex(source, end + 2)
  if (second === 'incomplete') return second
  if (typeof second === 'string' || second < 0xdc00 || second > 0xdfff) return { codePoint: first, end }
  return { codePoint: 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), end: end + 6 }
}

function readHex(source: string, start: number): number | 'incomplete' | 'invalid' {
  const digits = source.slice(start, start + 4)
  if (!/^[0-9a-fA-F]{0,4}$/.test(digits)) return 'invalid'
  return digits.length < 4 ? 'incomplete' : Number.parseInt(digits, 16)
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

/** What a code point becomes; `undefined` when it stays. Remembered for the basic plane. */
function foldCodePoint(codePoint: number): string | undefined {
  if (isUnchangedScript(codePoint)) return undefined
  if (codePoint > 0xffff) return computeFold(codePoint)
  let remembered = FOLDS[codePoint]
  if (remembered === undefined) {
    remembered = computeFold(codePoint) ?? UNCHANGED
    FOLDS[codePoint] = remembered
  }
  return remembered === UNCHANGED ? undefined : remembered
}

const UNCHANGED = '\u{10ffff}'
const FOLDS: (string | undefined)[] = new Array(0x10000).fill(undefined)

/** Kana, CJK ideographs and Hangul syllables, which no rule below touches. */
function isUnchangedScript(codePoint: number): boolean {
  return (
    (codePoint >= 0x4e00 && codePoint <= 0x9fff) ||
    (codePoint >= 0x3041 && codePoint <= 0x3096) ||
    (codePoint >= 0x30a1 && codePoint <= 0x30fc) ||
    (codePoint >= 0xac00 && codePoint <= 0xd7a3)
  )
}

function computeFold(codePoint: number): string | undefined {
  if (codePoint >= 0xe0020 && codePoint <= 0xe007e) return String.fromCharCode(codePoint - 0xe0000)
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return ''
  const char = String.fromCodePoint(codePoint)
  if (INVISIBLE.test(char) || MARK.test(char)) return ''
  const direct = DIRECT.get(codePoint) ?? enclosedLetter(codePoint)
  if (direct !== undefined) return direct
  const folded = char
    .normalize('NFKD')
    .replace(MARKS, '')
    .replace(SPACES, ' ')
    .replace(NOT_ASCII, (part) => DIRECT.get(part.codePointAt(0) ?? 0) ?? part)
    .normalize('NFC')
  return folded === char ? undefined : folded
}

/**
 * Controls, zero-width and bidirectional characters, joiners, fillers, variation selectors and the rest of the tag
 * block. Line and paragraph separators, tab, vertical tab and form feed are dealt with in DIRECT.
 */
const INVISIBLE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single code points, combining ones among them
  /^[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]$/u

/** Marks that decorate, as opposed to the vowel signs of Indic scripts: Latin, Greek, Cyrillic, Hebrew and Arabic points. */
const MARK_RANGES =
  '\\u0300-\\u036f\\u0483-\\u0489\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7\\u0610-\\u061a\\u0640\\u064b-\\u065f\\u0670' +
  '\\u06d6-\\u06dc\\u06df-\\u06e4\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f'
const MARK = new RegExp(`^[${MARK_RANGES}]$`)
const MARKS = new RegExp(`[${MARK_RANGES}]`, 'g')
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g

const NOT_ASCII = /[^\0-\x7f]/g

/** What NFKC leaves as it is although it reads as something in ASCII. */
const DIRECT = new Map<number, string>([
  ...pairs('\n', '\u0085\u2028\u2029'),
  ...pairs(' ', '\v\f'),
  ...pairs('-', '\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d'),
  ...pairs("'", '\u2018\u2019\u201a\u201b\u2032\u02bc'),
  ...pairs('"', '\u201c\u201d\u201e\u201f\u2033'),
  ...pairs('/', '\u2044\u2215'),
  ...pairs(':', '\u2236\ua789'),
  ...spelt('ßss æae Æae œoe Œoe øo Øo łl Łl đd Đd ðd Ðd þth ıi ħh ŧt ɑa ɡg ɩi ɪi ʀr ʏy ʙb ɢg ʜh ʟl ɴn'),
  ...spelt('ᴀa ᴄc ᴅd ᴇe ꜰf ᴊj ᴋk ᴍm ᴏo ᴘp ꜱs ᴛt ᴜu ᴠv ᴡw ᴢz'),
])

function pairs(replacement: string, chars: string): [number, string][] {
  return [...chars].map((char) => [char.codePointAt(0) ?? 0, replacement])
}

function spelt(list: string): [number, string][] {
  return list.split(' ').map((entry) => [entry.codePointAt(0) ?? 0, entry.slice(1)])
}

/** Squared, circled and flag letters A to Z that have no compatibility decomposition. */
function enclosedLetter(codePoint: number): string | undefined {
  for (const first of [0x1f150, 0x1f170, 0x1f1e6]) {
    if (codePoint >= first && codePoint < first + 26) return String.fromCharCode(0x41 + codePoint - first)
  }
  return undefined
}
