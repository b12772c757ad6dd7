/** Character classes of ASCII, and word boundaries. */

export const DIGIT = 1
export const UPPER = 2
export const LOWER = 4
/** '_' and '-', which join words in identifiers and belong to the base64url alphabet. */
export const JOINER = 8
/** '+', '/' and '=': what base64 has beyond letters and digits. */
export const BASE64_EXTRA = 16
export const DOT = 32
export const SPACE = 64

export const LETTER = UPPER | LOWER
export const ALNUM = LETTER | DIGIT
export const BASE64URL = ALNUM | JOINER
export const BASE64 = ALNUM | BASE64_EXTRA

const CLASS = new Uint8Array(128)
for (let code = 0x30; code <= 0x39; code++) CLASS[code] = DIGIT
for (let code = 0x41; code <= 0x5a; code++) CLASS[code] = UPPER
for (let code = 0x61; code <= 0x7a; code++) CLASS[code] = LOWER
for (const char of '_-') CLASS[char.charCodeAt(0)] = JOINER
for (const char of '+/=') CLASS[char.charCodeAt(0)] = BASE64_EXTRA
for (const char of '.') CLASS[char.charCodeAt(0)] = DOT
for (const char of ' \t\r\n') CLASS[char.charCodeAt(0)] = SPACE

/** Whether a character code is in one of the classes. Takes the NaN of `charCodeAt` past the end. */
export function isIn(code: number, classes: number): boolean {
  return code < 128 && ((CLASS[code] ?? 0) & classes) !== 0
}

/** First index at or after `start` whose character is in none of the classes; at most `limit`. */
export function runEnd(text: string, start: number, classes: number, limit = text.length): number {
  const end = Math.min(limit, text.length)
  while (start < end && isIn(text.charCodeAt(start), classes)) start++
  return start
}

/**
 * Whether a word may begin at `index`: no letter or digit stands before it. The n of a backslash-n that was pasted as
 * two characters (a private key or a log line inside source code) is no letter.
 */
export function startsWord(text: string, index: number): boolean {
  if (index === 0 || !isIn(text.charCodeAt(index - 1), ALNUM)) return true
  return isEscapeLetter(text, index - 1)
}

/** Whether the character at `index` is the n, r or t of an escape that was pasted as two characters. */
export function isEscapeLetter(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  return (code === 0x6e || code === 0x72 || code === 0x74) && index > 0 && text.charCodeAt(index - 1) === BACKSLASH
}

export const BACKSLASH = 0x5c
