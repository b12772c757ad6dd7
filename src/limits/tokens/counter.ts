// Counts the tokens that a text may become, without a tokenizer: one pass over its characters, words by their length
// and script. Never more than the text has bytes, since every byte-level tokenizer can write a byte as one token.
import { type Family, type FamilyName, families, type Script } from './weights.ts'

export interface TokenCounter {
  /** Goes on with the text, as it arrives piece by piece. */
  push(text: string): void
  /** Begins another text. */
  break(): void
  /** Whole, at least 0: an upper bound for usual texts, see docs/limits.md. */
  readonly tokens: number
}

export function createTokenCounter(family: FamilyName): TokenCounter {
  const cost = costs(families[family])
  let total = 0
  let bytes = 0
  let kind = nothing
  let length = 0

  return {
    push(text) {
      for (let at = 0; at < text.length; at++) {
        const code = text.charCodeAt(at)
        let next: number
        let units = 1
        if (code < 0x80) {
          bytes++
          next = asciiKinds[code] ?? sign
        } else {
          bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3
          next = kindOf(code)
          // A letter with an accent is rarer in the middle of a token.
          if (next === lower) units = code < 0x1e00 ? 2 : 3
        }
        if (next === kind) length += units
        else if (next === lower && kind === upper && length === 1) {
          // A capital begins a word: it is one with what follows.
          kind = lower
          length += units
        } else {
          total += cost(kind, length)
          kind = next
          length = units
        }
      }
    },
    break() {
      total += cost(kind, length)
      kind = nothing
    },
    get tokens() {
      return Math.min(bytes, Math.ceil(total + cost(kind, length)))
    },
  }
}

// What runs of characters of a kind are; numbers, since this is looked up for every character.
const nothing = 0
const lower = 1
const upper = 2
const digit = 3
const space = 4
const line = 5
const sign = 6
const firstScript = 7
const scripts: readonly Script[] = [
  'cyrillic',
  'greek',
  'semitic',
  'indic',
  'thai',
  'han',
  'kana',
  'hangul',
  'other',
  'astral',
]

/** Tokens of a run of characters of one kind. */
function costs({ weights, margin, digitsPerToken }: Family): (kind: number, length: number) => number {
  const rates = scripts.map((script) => weights[script])
  return (kind, length) => {
    switch (kind) {
      case nothing:
        return 0
      case lower:
        // What is longer than words are is no word.
        return margin * Math.max(1, length * weights.latin + Math.max(0, length - longWord) * 0.25)
      case upper:
        return margin * Math.max(1, length * 0.62)
      case digit:
        return Math.ceil(length / digitsPerToken)
      case space:
        // One belongs to the word that follows.
        return length === 1 ? 0 : 1 + length / 40
      case line:
        return 1 + length / 4
      case sign:
        return margin * Math.max(1, length * 0.7)
      default:
        return margin * Math.max(1, length * (rates[kind - firstScript] ?? 3))
    }
  }
}

const longWord = 16

const asciiKinds: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 0x61 && code <= 0x7a) return lower
  if (code >= 0x41 && code <= 0x5a) return upper
  if (code >= 0x30 && code <= 0x39) return digit
  if (code === 0x20) return space
  return code < 0x20 ? line : sign
})

/** By the blocks of Unicode, as far as tokenizers differ on them. */
function kindOf(code: number): number {
  if (code < 0x370) return code < 0xc0 || (code >= 0x250 && code < 0x300) ? sign : lower
  if (code < 0x400) return of('greek')
  if (code < 0x530) return of('cyrillic')
  if (code >= 0x590 && code < 0x700) return of('semitic')
  if (code >= 0x900 && code < 0xe00) return of('indic')
  if (code >= 0xe00 && code < 0xe80) return of('thai')
  if (code >= 0x1e00 && code < 0x1f00) return lower
  if (code >= 0x1f00 && code < 0x2000) return of('greek')
  if (code >= 0x3040 && code < 0x3100) return of('kana')
  if ((code >= 0x3000 && code < 0x3040) || (code >= 0x4e00 && code < 0xa000) || code >= 0xff00) return of('han')
  if (code >= 0xac00 && code < 0xd7a4) return of('hangul')
  return code >= 0xd800 && code < 0xe000 ? of('astral') : of('other')
}

function of(script: Script): number {
  return firstScript + scripts.indexOf(script)
}
