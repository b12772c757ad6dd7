// Restores in the strings of a JSON document that arrives in pieces (RFC 8259, section 7). What counts is the decoded
// text, so `\u005bEMAIL_…]` is a placeholder and `https:\/\/` is an address; what goes out is the document as it came,
// escapes included, except for the values.
import type { PlaceholderMatcher } from './matcher.ts'
import type { RestoredOutput, Restorer } from './output.ts'

export function createJsonRestorer(matcher: PlaceholderMatcher, output: RestoredOutput): Restorer {
  return new JsonRestorer(matcher, output)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
// Characters of a string that neither end it, nor escape, nor begin a placeholder.
const PLAIN = /[^"\\[]+/y

class JsonRestorer implements Restorer {
  readonly #matcher: PlaceholderMatcher
  readonly #output: RestoredOutput
  #isInString = false
  // An escape that is not complete, and how much of it went out already.
  #escape = ''
  #isEscapeWritten = false
  // What may become a placeholder: as it was spelled, and what it says.
  #raw = ''
  #decoded = ''

  constructor(matcher: PlaceholderMatcher, output: RestoredOutput) {
    this.#matcher = matcher
    this.#output = output
  }

  push(delta: string) {
    let at = 0
    while (at < delta.length) at = this.#isInString ? this.#inString(delta, at) : this.#betweenStrings(delta, at)
    if (this.#escape !== '' && !this.#mayContinue()) this.#release()
    return this.#output.take()
  }

  end() {
    this.#release()
    return this.#output.take()
  }

  #betweenStrings(delta: string, start: number): number {
    const quote = delta.indexOf('"', start)
    const end = quote < 0 ? delta.length : quote + 1
    this.#output.write(delta.slice(start, end))
    if (quote >= 0) this.#isInString = true
    return end
  }

  #inString(delta: string, at: number): number {
    if (this.#escape === '' && this.#decoded === '') {
      PLAIN.lastIndex = at
      const plain = PLAIN.exec(delta)
      if (plain) {
        this.#output.write(plain[0])
        this.#output.tracker.push(plain[0])
        return at + plain[0].length
      }
    }
    const code = delta.charCodeAt(at)
    const char = delta.charAt(at)
    if (this.#escape !== '') this.#continueEscape(char)
    else if (code === BACKSLASH) this.#escape = char
    else if (code === QUOTE) this.#endString()
    else this.#read(char, char)
    return at + 1
  }

  #endString(): void {
    this.#release()
    this.#output.write('"')
    this.#output.tracker.restart()
    this.#isInString = false
  }

  #continueEscape(char: string): void {
    const spelled = this.#escape + char
    const isUnicode = spelled.charCodeAt(1) === 0x75
    const isWritten = this.#isEscapeWritten
    if (isWritten) this.#output.write(char)
    if (isUnicode && spelled.length < 6) {
      this.#escape = spelled
      return
    }
    this.#escape = ''
    this.#isEscapeWritten = false
    const decoded = isUnicode ? String.fromCharCode(Number.parseInt(spelled.slice(2), 16)) : (SHORT[char] ?? char)
    this.#read(isWritten ? '' : spelled, decoded)
  }

  /** Takes one character of the decoded text. */
  #read(raw: string, char: string): void {
    this.#raw += raw
    this.#decoded += char
    const value = this.#matcher.value(this.#decoded)
    if (value !== undefined) {
      const placeholder = this.#decoded
      const spelled = this.#raw
      this.#forget()
      this.#output.writePlaceholder(placeholder, value, spelled, asJson)
    } else if (!this.#matcher.isBeginning(this.#decoded)) this.#reject(raw, char)
  }

  /** What was gathered is no placeholder; its last character may begin one. */
  #reject(raw: string, char: string): void {
    if (this.#decoded.length > 1 && char === '[') {
      this.#raw = this.#raw.slice(0, this.#raw.length - raw.length)
      this.#decoded = this.#decoded.slice(0, -1)
      this.#writeGathered()
      this.#read(raw, char)
    } else this.#writeGathered()
  }

  #writeGathered(): void {
    this.#output.write(this.#raw)
    this.#output.tracker.push(this.#decoded)
    this.#forget()
  }

  #forget(): void {
    this.#raw = ''
    this.#decoded = ''
  }

  /** Whether the unfinished escape can still spell the next character of a placeholder. */
  #mayContinue(): boolean {
    if (this.#isEscapeWritten) return false
    if (this.#escape.length === 1) return true
    for (const char of PLACEHOLDER_CHARACTERS) {
      const spelled = `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
      if (spelled.startsWith(this.#escape.toLowerCase()) && this.#continues(this.#decoded + char)) return true
    }
    return false
  }

  #continues(text: string): boolean {
    return this.#matcher.isBeginning(text) || this.#matcher.value(text) !== undefined
  }

  /** Sends what is held; an unfinished escape is still read to its end for what it says. */
  #release(): void {
    this.#writeGathered()
    if (this.#escape === '' || this.#isEscapeWritten) return
    this.#output.write(this.#escape)
    this.#isEscapeWritten = true
  }
}

const PLACEHOLDER_CHARACTERS = '[]_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz234567'
const SHORT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

function asJson(value: string): string {
  return JSON.stringify(value).slice(1, -1)
}
