/** The decoders behind views.ts. Each yields decoded texts with a map, or nothing when the text shows no sign of its code. */
import { BASE64, JOINER, runEnd } from './characters.ts'

/** A decoded text; unit i of it came from [starts[i], ends[i]) of the text that was decoded. */
export interface Decoded {
  readonly text: string
  readonly starts: Int32Array
  readonly ends: Int32Array
}

type Decoder = (text: string) => Iterable<Decoded>

export const DECODERS: readonly (readonly [string, Decoder])[] = [
  ['escape', escapes],
  ['percent', percent],
  ['html', html],
  ['base64', base64],
  ['hex', hex],
  ['binary', binary],
  ['rot13', rot13],
  ['reversed', reversed],
  ['spaced', spaced],
  ['leet', leet],
]

/** Shorter encoded runs hold less than two words. */
const MIN_DECODED = 12

/** JSON and JavaScript escapes in a text that is not itself JSON. */
function* escapes(text: string): Iterable<Decoded> {
  if (!/\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|u\{)/i.test(text)) return
  yield replaced(text, /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\})/gi, ([, four, two, braced]) =>
    codePoint(Number.parseInt(four ?? two ?? braced ?? '', 16)),
  )
}

function* percent(text: string): Iterable<Decoded> {
  if (!/%[0-9a-f]{2}/i.test(text)) return
  yield replaced(text, /(?:%[0-9a-f]{2})+/gi, ([run]) => utf8(Buffer.from(run.replaceAll('%', ''), 'hex')) ?? run)
}

const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  commat: '@',
  period: '.',
  colon: ':',
  sol: '/',
}

function* html(text: string): Iterable<Decoded> {
  if (!/&(?:#x?[0-9a-f]{1,6}|[a-z]{2,8});/i.test(text)) return
  yield replaced(text, /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, ([whole, decimal, hexadecimal, name]) => {
    if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole
    return codePoint(decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal))
  })
}

/** Runs of base64 or base64url, also when wrapped into lines. */
function* base64(text: string): Iterable<Decoded> {
  for (let start = 0; start < text.length; start++) {
    const lineEnd = runEnd(text, start, BASE64_ANY)
    // Words in one case are everywhere; encoded text mixes cases.
    if (
      lineEnd - start >= MIN_ENCODED &&
      /[A-Z]/.test(text.slice(start, lineEnd)) &&
      /[a-z]/.test(text.slice(start, lineEnd))
    ) {
      const wrappedEnd = lineEnd - start < MIN_LINE ? lineEnd : wrappedRunEnd(text, lineEnd)
      for (const end of new Set([wrappedEnd, lineEnd])) {
        const decoded = readable(Buffer.from(text.slice(start, end), 'base64'))
        if (decoded === undefined) continue
        yield whole(decoded, start, end)
        start = end
        break
      }
    }
    start = Math.max(start, lineEnd)
  }
}

const BASE64_ANY = BASE64 | JOINER
const MIN_ENCODED = 16
/** Encoders wrap lines no earlier. */
const MIN_LINE = 40

/** End of a run that goes on over line breaks. */
function wrappedRunEnd(text: string, lineEnd: number): number {
  let end = lineEnd
  for (;;) {
    const next = /^\r?\n/.exec(text.slice(end, end + 2))?.[0].length ?? 0
    const stop = runEnd(text, end + next, BASE64_ANY)
    if (next === 0 || stop - end - next < 4) return end
    end = stop
  }
}

/** Pairs of hex digits, alone or separated by spaces, commas, colons or hyphens, or prefixed with 0x. */
function* hex(text: string): Iterable<Decoded> {
  yield* digitRuns(text, /[0-9a-fx :,-]{24,}/gi, /^(?:0x)?(?:[0-9a-f]{2}){1,4096}$/i, (word) =>
    Buffer.from(word.replace(/^0x/i, ''), 'hex'),
  )
}

/** Groups of eight binary digits. */
function* binary(text: string): Iterable<Decoded> {
  yield* digitRuns(text, /[01 ,]{24,}/g, /^(?:[01]{8}){1,4096}$/, (word) =>
    Buffer.from(word.match(/.{8}/g)?.map((bits) => Number.parseInt(bits, 2)) ?? []),
  )
}

/** Rows of words that are each a number of bytes, in stretches of text that `run` matches. */
function* digitRuns(
  text: string,
  run: RegExp,
  bytesWord: RegExp,
  toBytes: (word: string) => Buffer,
): Iterable<Decoded> {
  for (const { 0: stretch, index } of text.matchAll(run)) {
    let bytes: Buffer[] = []
    let start = 0
    let end = 0
    // The last word is one too many, so that a row which ends the stretch is ended as well.
    for (const { 0: word, index: at } of `${stretch} .`.matchAll(/[^ :,-]+/g)) {
      if (bytesWord.test(word)) {
        if (bytes.length === 0) start = at
        bytes.push(toBytes(word))
        end = at + word.length
        continue
      }
      const decoded = readable(Buffer.concat(bytes))
      if (decoded !== undefined) yield whole(decoded, index + start, index + end)
      bytes = []
    }
  }
}

/** Stems of words that attacks are made of; enough of them to notice, too few to judge by. */
const STEMS = [
  'ignore',
  'previous',
  'instruct',
  'system',
  'prompt',
  'reveal',
  'disregard',
  'forget',
  'password',
  'secret',
  'respond',
  'pretend',
]

const ROT13_SIGN = anyOf(STEMS.map(rotate))

function* rot13(text: string): Iterable<Decoded> {
  if (ROT13_SIGN.test(text)) yield mapped(text, rotate(text))
}

export function rotate(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const code = letter.charCodeAt(0)
    return String.fromCharCode((code & 31) > 13 ? code - 13 : code + 13)
  })
}

const REVERSED_SIGN = anyOf(STEMS.map(backwards))

function* reversed(text: string): Iterable<Decoded> {
  if (!REVERSED_SIGN.test(text)) return
  const { starts, ends } = mapped(text, text)
  yield { text: backwards(text), starts: starts.reverse(), ends: ends.reverse() }
}

export function backwards(text: string): string {
  let result = ''
  for (let index = text.length - 1; index >= 0; index--) result += text[index]
  return result
}

const JOINED_WORDS =
  /ignore|disregard|forget|override|bypass|previous|prior|above|earlier|instructions?|system|prompts?|reveal|show|print|repeat|secrets?|password|rules?|guidelines?|restrictions?|without|everything|your|all|and|the|you|are|now|any/g

/** Letters set apart by one space or mark each. Where words are not set apart further, they are cut at words we look for. */
function* spaced(text: string): Iterable<Decoded> {
  if (!/(?:[a-z][ ._*|/-]){7}[a-z]\b/i.test(text)) return
  yield replaced(text, /\b[a-z](?:[ ._*|/-][a-z]\b){3,}/gi, ([run]) => {
    const joined = run.replace(/[^a-z]/gi, '')
    return joined.length < 14 ? joined : joined.toLowerCase().replace(JOINED_WORDS, ' $& ').replace(/ {2}/g, ' ').trim()
  })
}

const LEET: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
}

/** Digits and signs for letters, when several words look like it; not identifiers and hashes, which are longer or have other digits. */
function* leet(text: string): Iterable<Decoded> {
  if (!LEET_WORD.test(text)) return
  const words = text
    .match(/[a-z0-9@$!]+/gi)
    ?.filter((word) => word.length <= 16 && LEET_WORD.test(word) && !/[269]/.test(word))
  if ((words?.length ?? 0) < MIN_LEET_WORDS) return
  const read = (word: string) =>
    /[a-z]/i.test(word) ? word.replace(/[0134578@$!]/g, (sign) => LEET[sign] ?? sign) : word
  yield mapped(text, text.replace(/[a-z0-9@$!]+/gi, read))
}

const MIN_LEET_WORDS = 3
const LEET_WORD = /[a-z][013457@$!][a-z]/i

/** Decoded bytes when they are text: long enough, no control character, UTF-8, and words in it. */
function readable(bytes: Buffer): string | undefined {
  if (bytes.length < MIN_DECODED || bytes.some(isControl)) return undefined
  const text = utf8(bytes)
  return text !== undefined && /[a-z\u00c0-\uffff][a-z\u00c0-\uffff ]{3}/i.test(text) ? text : undefined
}

/** What random bytes have and texts have not; every eighth byte is one, so they are found out soon. */
function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) || byte === 0x7f
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function utf8(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes)
  } catch {
    return undefined
  }
}

function codePoint(value: number): string {
  return value <= 0x10ffff ? String.fromCodePoint(value) : ''
}

function anyOf(words: readonly string[]): RegExp {
  return new RegExp(words.join('|'), 'i')
}

/** A text of which every unit stands for the whole of [start, end). */
function whole(text: string, start: number, end: number): Decoded {
  return { text, starts: new Int32Array(text.length).fill(start), ends: new Int32Array(text.length).fill(end) }
}

/** A text of the same length, unit for unit. */
function mapped(source: string, text: string): Decoded {
  const starts = new Int32Array(source.length)
  const ends = new Int32Array(source.length)
  for (let index = 0; index < source.length; index++) {
    starts[index] = index
    ends[index] = index + 1
  }
  return { text, starts, ends }
}

/** How much text around what was decoded is part of the view: the words that it is said with. */
const MARGIN = 80

/** The part of the text in which the pattern matches, with every match replaced. */
function replaced(text: string, pattern: RegExp, replacement: (match: RegExpExecArray) => string): Decoded {
  const matches = [...text.matchAll(pattern)]
  const first = matches[0]
  const last = matches.at(-1)
  if (first === undefined || last === undefined) return mapped('', '')
  const result = new Splice(Math.max(0, first.index - MARGIN))
  for (const match of matches) {
    result.keep(text, match.index)
    result.put(replacement(match), match.index + match[0].length)
  }
  result.keep(text, Math.min(text.length, last.index + last[0].length + MARGIN))
  return result.decoded()
}

/** A text put together from stretches of another and from what replaces others. */
class Splice {
  #text = ''
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  #at: number

  constructor(start: number) {
    this.#at = start
  }

  keep(source: string, end: number): void {
    this.#text += source.slice(this.#at, end)
    for (; this.#at < end; this.#at++) {
      this.#starts.push(this.#at)
      this.#ends.push(this.#at + 1)
    }
  }

  put(value: string, end: number): void {
    this.#text += value
    for (let unit = 0; unit < value.length; unit++) {
      this.#starts.push(this.#at)
      this.#ends.push(end)
    }
    this.#at = end
  }

  decoded(): Decoded {
    return { text: this.#text, starts: Int32Array.from(this.#starts), ends: Int32Array.from(this.#ends) }
  }
}
