// The second look at an answer, after restoring: does a protected value leave in an address, a link or HTML? It shares
// no code with what decides about restoring, so that one mistake does not open both.
import { SinkScanner, type SinkVerdict } from './sinkscanner.ts'

export interface SinkCheckOptions {
  /** The values of this exchange, by placeholder, as for the restorer. Those of less than 4 characters are not sought. */
  readonly values: ReadonlyMap<string, string>
  /** As for the restorer. */
  readonly allowedHosts: readonly string[]
  readonly contentType: 'text' | 'json'
  /** Whether the text is for a tool that reaches the outside world (see `isOutwardTool`). */
  readonly outward: boolean
}

export interface SinkResult {
  /** Text to send on, possibly empty. */
  readonly text: string
  /** Set when the answer must end here, and from then on. */
  readonly verdict: SinkVerdict | undefined
}

/** Checks one lane of one answer. */
export interface SinkCheck {
  /**
   * Takes the next piece of restored text, cut anywhere. Text inside of an address, a link or a tag waits for its end,
   * and no more than about 3,000 characters of it. For an outward-facing tool everything waits until it was searched.
   */
  push(text: string): SinkResult
  /** The lane is complete. */
  end(): SinkResult
}

/**
 * Blocks an answer in which a value, as it is or encoded, stands in an address, a link, an image or a tag that leads
 * to a host that is not listed. In arguments of an outward-facing tool a value may stand in an address on a listed host
 * and nowhere else, and not together with an address on another one.
 *
 * With no values this returns each piece as it is.
 */
export function createSinkCheck(options: SinkCheckOptions): SinkCheck {
  if (options.values.size === 0) return PASS_THROUGH
  const scanner = new SinkScanner({ ...options, values: options.values.values() })
  return options.contentType === 'json' ? new JsonCheck(scanner) : new TextCheck(scanner)
}

const PASS_THROUGH: SinkCheck = {
  push: (text) => ({ text, verdict: undefined }),
  end: () => ({ text: '', verdict: undefined }),
}

class TextCheck implements SinkCheck {
  readonly #scanner: SinkScanner
  #held = ''
  /** Position of the first held character. */
  #start = 0

  constructor(scanner: SinkScanner) {
    this.#scanner = scanner
  }

  push(text: string): SinkResult {
    this.#held += text
    this.#scanner.feed(text)
    return this.#release()
  }

  end(): SinkResult {
    this.#scanner.boundary()
    return this.#release()
  }

  #release(): SinkResult {
    const { verdict, holdFrom } = this.#scanner
    if (verdict) return { text: '', verdict }
    const count = Math.max(0, Math.min(this.#held.length, holdFrom - this.#start))
    const text = this.#held.slice(0, count)
    this.#held = this.#held.slice(count)
    this.#start += count
    return { text, verdict }
  }
}

interface Piece {
  readonly raw: string
  /** Position of the decoded text at which it stands. */
  readonly at: number
  /** How much decoded text it says: none between strings, 1 for an escape, else as much as it has characters. */
  readonly length: number
}

// What a string consists of: its end, escapes, plain characters; and what is no JSON.
const IN_STRING = /"|\\u[0-9a-f]{4}|\\[^u]|[^"\\]+|\\/giy
const BETWEEN = /"|[^"]+/gy
const UNFINISHED = /\\(?:u[0-9a-f]{0,3})?$/i

/** Checks what the strings of a JSON document say; each of them is a text of its own. */
class JsonCheck implements SinkCheck {
  readonly #scanner: SinkScanner
  #isInString = false
  #unfinished = ''
  #held: Piece[] = []
  #at = 0

  constructor(scanner: SinkScanner) {
    this.#scanner = scanner
  }

  push(text: string): SinkResult {
    const document = this.#unfinished + text
    let at = 0
    while (at < document.length) {
      const token = this.#tokenAt(document, at)
      if (token === '') break
      this.#read(token)
      at += token.length
    }
    this.#unfinished = document.slice(at)
    return this.#release()
  }

  end(): SinkResult {
    this.#scanner.boundary()
    const { text, verdict } = this.#release()
    return { text: verdict ? '' : text + this.#unfinished, verdict }
  }

  /** The next token; empty when more of the document must come first. */
  #tokenAt(document: string, at: number): string {
    const pattern = this.#isInString ? IN_STRING : BETWEEN
    pattern.lastIndex = at
    const token = pattern.exec(document)?.[0] ?? ''
    const isUnfinished = this.#isInString && token === '\\' && UNFINISHED.test(document.slice(at, at + 6))
    return isUnfinished ? '' : token
  }

  #read(token: string): void {
    if (token === '"') {
      this.#scanner.boundary()
      this.#isInString = !this.#isInString
      this.#held.push({ raw: token, at: this.#at, length: 0 })
    } else if (!this.#isInString) this.#held.push({ raw: token, at: this.#at, length: 0 })
    else this.#say(token, token.length > 1 && token.startsWith('\\') ? unescaped(token) : token)
  }

  #say(raw: string, text: string): void {
    this.#held.push({ raw, at: this.#at, length: text.length })
    this.#at += text.length
    this.#scanner.feed(text)
  }

  #release(): SinkResult {
    const { verdict, holdFrom } = this.#scanner
    if (verdict) return { text: '', verdict }
    let text = ''
    let count = 0
    for (const piece of this.#held) {
      if (piece.at + piece.length > holdFrom) break
      text += piece.raw
      count++
    }
    this.#held = this.#held.slice(count)
    const first = this.#held[0]
    if (first && first.at < holdFrom && first.raw.length === first.length) {
      const part = holdFrom - first.at
      text += first.raw.slice(0, part)
      this.#held[0] = { raw: first.raw.slice(part), at: holdFrom, length: first.length - part }
    }
    return { text, verdict }
  }
}

const SHORT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

function unescaped(token: string): string {
  const char = token.charAt(1)
  return char === 'u' ? String.fromCharCode(Number.parseInt(token.slice(2), 16)) : (SHORT[char] ?? char)
}
