// The grammar of RFC 8259 over bytes. Everything is checked here; json.ts says what comes out.
import { WireError, type WireErrorCode } from './errors.ts'
import type { Decoder } from './json-text.ts'
import type { JsonArray, JsonLimits, JsonMember, JsonNode, JsonObject, JsonScalar } from './json-tree.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const MINUS = 0x2d

/** 1 for the bytes at which a string scan must stop: quote, backslash, control characters. */
const STOPS_STRING = new Uint8Array(256).fill(1, 0, 0x20)
STOPS_STRING[QUOTE] = 1
STOPS_STRING[BACKSLASH] = 1

/** 1 for the letters that may follow a backslash alone. */
const SIMPLE_ESCAPE = new Uint8Array(256)
for (const letter of '"\\/bfnrt') SIMPLE_ESCAPE[letter.charCodeAt(0)] = 1

/** So many bytes without a stop, and it pays to search for the next one natively. */
const LONG_STRETCH = 48

/** Objects with more members than this find duplicates through a Set. */
const FEW_MEMBERS = 8

/** Reads one document by recursive descent; the depth limit bounds the recursion. */
export class Scanner {
  private readonly decoder: Decoder
  private readonly bytes: Buffer
  private readonly limits: JsonLimits
  private at = 0
  private depth = 0
  private values = 0
  /** Where each of these comes first, behind where it was last looked for: looking again each time would be quadratic. */
  private quote = -1
  private backslash = -1
  private control = -1

  constructor(decoder: Decoder, limits: JsonLimits) {
    this.decoder = decoder
    this.bytes = decoder.bytes
    this.limits = limits
  }

  document(): JsonNode {
    this.skipSpace()
    const root = this.value()
    this.skipSpace()
    if (this.at < this.bytes.length) throw malformed('something follows the JSON value', this.at)
    return root
  }

  private value(): JsonNode {
    this.count()
    switch (this.bytes[this.at]) {
      case QUOTE:
        return this.string()
      case OPEN_OBJECT:
        return this.object()
      case OPEN_ARRAY:
        return this.array()
      case 0x74:
        return this.literal('true')
      case 0x66:
        return this.literal('false')
      case 0x6e:
        return this.literal('null')
      default:
        return this.number()
    }
  }

  private object(): JsonObject {
    const start = this.enter()
    const members: JsonMember[] = []
    let names: Set<string> | undefined
    if (!this.closes(CLOSE_OBJECT)) {
      do {
        this.skipSpace()
        this.count()
        if (this.bytes[this.at] !== QUOTE) throw malformed('a key was expected', this.at)
        const key = this.string()
        const name = this.decoder.text(key)
        if (members.length === FEW_MEMBERS) names = new Set(members.map((member) => member.name))
        if (names ? !isNew(names, name) : hasMember(members, name))
          throw refused('duplicate_key', `an object has the same key twice at byte ${key.start}`)
        this.skipSpace()
        if (this.bytes[this.at++] !== COLON) throw malformed('a colon was expected', this.at - 1)
        this.skipSpace()
        members.push({ name, key, value: this.value() })
      } while (this.continues(CLOSE_OBJECT))
    }
    this.depth--
    return { kind: 'object', start, end: this.at, members }
  }

  private array(): JsonArray {
    const start = this.enter()
    const items: JsonNode[] = []
    if (!this.closes(CLOSE_ARRAY) && !(this.limits.skipNumbers === true && this.skipsNumbers())) {
      do {
        this.skipSpace()
        items.push(this.value())
      } while (this.continues(CLOSE_ARRAY))
    }
    this.depth--
    return { kind: 'array', start, end: this.at, items }
  }

  /** Behind the opening bracket: true, and past the closing one, when there are only numbers between them. */
  private skipsNumbers(): boolean {
    const start = this.at
    for (;;) {
      const byte = this.bytes[this.at]
      if (byte !== MINUS && !isDigit(byte)) break
      this.number()
      if (!this.continues(CLOSE_ARRAY)) return true
      this.skipSpace()
    }
    this.at = start
    return false
  }

  private string(): JsonScalar {
    const { bytes } = this
    const start = this.at
    let at = start + 1
    for (;;) {
      const near = at + LONG_STRETCH
      while (at < near && STOPS_STRING[bytes[at] ?? 0] === 0) at++
      if (at === near) {
        at = this.endOfStretch(at)
        continue
      }
      const stop = bytes[at]
      if (stop === QUOTE) break
      if (stop !== BACKSLASH)
        throw malformed(at < bytes.length ? 'a control character in a string' : 'the body ends inside a string', at)
      at = SIMPLE_ESCAPE[bytes[at + 1] ?? 0] === 1 ? at + 2 : this.unicodeEscape(at)
    }
    this.at = at + 1
    return { kind: 'string', start, end: at + 1 }
  }

  /** From inside a string, the next byte at which its scan must stop, found by native searches. */
  private endOfStretch(from: number): number {
    const { latin1 } = this.decoder
    if (this.backslash < from) this.backslash = orEnd(latin1.indexOf('\\', from), latin1.length)
    if (this.control < from) this.control = orEnd(indexOfControl(latin1, from), latin1.length)
    if (this.quote < from) this.quote = orEnd(latin1.indexOf('"', from), latin1.length)
    return Math.min(this.quote, this.backslash, this.control)
  }

  /** Checks the \u escape, or pair of them, whose backslash is at `at`; returns the position behind it. */
  private unicodeEscape(at: number): number {
    if (this.bytes[at + 1] !== 0x75) throw malformed('an unknown escape', at)
    const unit = this.hex(at + 2)
    if (unit < 0xd800 || unit > 0xdfff) return at + 6
    const isPair =
      unit < 0xdc00 &&
      this.bytes[at + 6] === BACKSLASH &&
      this.bytes[at + 7] === 0x75 &&
      this.hex(at + 8) >> 10 === 0x37
    if (!isPair) throw malformed('an escaped surrogate without its other half', at)
    return at + 12
  }

  private hex(at: number): number {
    let unit = 0
    for (let i = at; i < at + 4; i++) {
      const digit = HEX_VALUE[this.bytes[i] ?? 0] ?? -1
      if (digit < 0) throw malformed('four hexadecimal digits were expected', i)
      unit = unit * 16 + digit
    }
    return unit
  }

  private number(): JsonScalar {
    const start = this.at
    if (this.bytes[this.at] === MINUS) this.at++
    if (this.bytes[this.at] === 0x30) this.at++
    else this.digits()
    if (this.bytes[this.at] === 0x2e) {
      this.at++
      this.digits()
    }
    if (((this.bytes[this.at] ?? 0) | 0x20) === 0x65) {
      this.at++
      const sign = this.bytes[this.at]
      if (sign === 0x2b || sign === 0x2d) this.at++
      this.digits()
    }
    return { kind: 'number', start, end: this.at }
  }

  private digits(): void {
    const start = this.at
    while (isDigit(this.bytes[this.at])) this.at++
    if (this.at === start) throw malformed('a value or a digit was expected', start)
  }

  private literal(word: 'true' | 'false' | 'null'): JsonScalar {
    const start = this.at
    for (let i = 0; i < word.length; i++) {
      if (this.bytes[start + i] !== word.charCodeAt(i)) throw malformed('a value was expected', start)
    }
    this.at = start + word.length
    return { kind: word, start, end: this.at }
  }

  private enter(): number {
    if (++this.depth > this.limits.maxDepth) {
      throw refused('json_too_complex', `the body is nested deeper than ${this.limits.maxDepth} levels`, 413)
    }
    return this.at++
  }

  private count(): void {
    if (++this.values > this.limits.maxValues) {
      throw refused('json_too_complex', `the body has more than ${this.limits.maxValues} values`, 413)
    }
  }

  /** Behind the opening bracket: true, and past it, when the closing one follows at once. */
  private closes(bracket: number): boolean {
    this.skipSpace()
    if (this.bytes[this.at] !== bracket) return false
    this.at++
    return true
  }

  /** Behind an element: true when a comma announces another, false when the bracket closes. */
  private continues(bracket: number): boolean {
    this.skipSpace()
    const byte = this.bytes[this.at++]
    if (byte === COMMA) return true
    if (byte === bracket) return false
    throw malformed('a comma or a closing bracket was expected', this.at - 1)
  }

  private skipSpace(): void {
    let byte = this.bytes[this.at]
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = this.bytes[++this.at]
  }
}

function indexOfControl(text: string, from: number): number {
  CONTROL.lastIndex = from
  return CONTROL.exec(text)?.index ?? -1
}

const CONTROL = /[\x00-\x1f]/g

function orEnd(index: number, end: number): number {
  return index < 0 ? end : index
}

function hasMember(members: readonly JsonMember[], name: string): boolean {
  for (const member of members) if (member.name === name) return true
  return false
}

function isNew(names: Set<string>, name: string): boolean {
  const known = names.size
  return names.add(name).size > known
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

const HEX_VALUE = new Int8Array(256).fill(-1)
for (let digit = 0; digit < 16; digit++) {
  HEX_VALUE[digit.toString(16).charCodeAt(0)] = digit
  HEX_VALUE[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}

/** The refusal of something that is not JSON by our rules. */
export function malformed(what: string, at?: number): WireError {
  return refused('invalid_json', at === undefined ? what : `${what} at byte ${at}`)
}

function refused(code: WireErrorCode, what: string, status = 400): WireError {
  return new WireError({ code, status, message: `The body is not acceptable JSON: ${what}.` })
}
