// Recognises a word out of a small fixed set, a letter at a time and without keeping the letters, so that a scanner
// of streamed text needs constant memory whatever is thrown at it.

/** A compiled set of words. A state is a row of `next`; 0 is the start, -1 means "no word of the set". */
export interface Keywords {
  readonly next: Int16Array
  readonly words: readonly (string | undefined)[]
}

/** @param words lower-case ASCII letters and digits only */
export function compileKeywords(words: readonly string[]): Keywords {
  const rows: number[][] = [emptyRow()]
  const ends: (string | undefined)[] = [undefined]
  for (const word of words) {
    let state = 0
    for (let at = 0; at < word.length; at++) {
      const row = rows[state]
      const column = columnOf(word.charCodeAt(at))
      if (!row || column < 0) throw new RangeError('keywords are lower-case ASCII letters and digits')
      let to = row[column] ?? -1
      if (to < 0) {
        to = rows.push(emptyRow()) - 1
        ends.push(undefined)
        row[column] = to
      }
      state = to
    }
    ends[state] = word
  }
  return { next: Int16Array.from(rows.flat()), words: ends }
}

/** The state after one more character, letters in either case. */
export function advance(keywords: Keywords, state: number, code: number): number {
  if (state < 0) return -1
  const column = columnOf(code)
  return column < 0 ? -1 : (keywords.next[state * WIDTH + column] ?? -1)
}

/** The word that ends in this state, if one does. */
export function wordAt(keywords: Keywords, state: number): string | undefined {
  return state < 0 ? undefined : keywords.words[state]
}

const WIDTH = 36

function emptyRow(): number[] {
  return new Array<number>(WIDTH).fill(-1)
}

function columnOf(code: number): number {
  return COLUMNS[code] ?? -1
}

// The column of each ASCII character: letters without regard to case, then digits.
const COLUMNS = Int8Array.from({ length: 128 }, (_, code) => {
  return 'abcdefghijklmnopqrstuvwxyz0123456789'.indexOf(String.fromCharCode(code).toLowerCase())
})
