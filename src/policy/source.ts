/**
 * The text of a Cedar file, cut into its policies with their places, without parsing it: a `;` outside strings and
 * comments ends a policy (Cedar policy grammar; nothing else in it has a `;`). Cedar's own parser then takes each piece.
 */

/** A policy's text and where it begins; offsets are UTF-16 units. */
export interface Statement {
  readonly text: string
  readonly start: number
}

export interface Position {
  readonly line: number
  readonly column: number
}

// Comments and strings as in Cedar's lexer, so that neither hides the end of a policy.
const TOKEN = /\s+|\/\/[^\n\r]*|"(?:[^"\\]+|\\.)*"?|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|./gs

/** The policies of a file in order; a last one without `;` is among them, for the parser to refuse. */
export function splitStatements(text: string): Statement[] {
  const statements: Statement[] = []
  let start = -1
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (start < 0 && !isBlank(token)) start = index
    if (token === ';') {
      statements.push({ text: text.slice(start, index + 1), start })
      start = -1
    }
  }
  if (start >= 0) statements.push({ text: text.slice(start), start })
  return statements
}

/**
 * The same policy with small integers in place of those that a JavaScript number cannot hold, and what each stands for.
 * Cedar's JSON form comes to us through JSON.parse, which would round them.
 */
export function replaceLargeIntegers(text: string): { text: string; exact: ReadonlyMap<number, bigint> } {
  const exact = new Map<number, bigint>()
  const taken = new Set<number>()
  const tokens = [...text.matchAll(TOKEN)].map(([token]) => token)
  for (const token of tokens) if (isInteger(token)) taken.add(Number(token))
  let next = Number.MAX_SAFE_INTEGER
  const replaced = tokens.map((token) => {
    if (!isInteger(token) || Number.isSafeInteger(Number(token))) return token
    while (taken.has(next)) next--
    taken.add(next)
    exact.set(next, BigInt(token))
    return String(next)
  })
  return { text: replaced.join(''), exact }
}

/** Line and column (both from 1) of offsets in UTF-16 units. */
export function positionsIn(text: string): (offset: number) => Position {
  const lineStarts = [0, ...text.matchAll(/\n/g).map(({ index }) => index + 1)]
  return (offset) => {
    let line = 0
    let end = lineStarts.length
    while (end - line > 1) {
      const middle = (line + end) >> 1
      if ((lineStarts[middle] ?? 0) <= offset) line = middle
      else end = middle
    }
    return { line: line + 1, column: offset - (lineStarts[line] ?? 0) + 1 }
  }
}

/** Cedar counts bytes of UTF-8, JavaScript counts UTF-16 units. */
export function offsetOfByte(text: string, byte: number): number {
  return Buffer.from(text).subarray(0, byte).toString().length
}

function isBlank(token: string): boolean {
  return token.trim() === '' || token.startsWith('//')
}

function isInteger(token: string): boolean {
  return /^[0-9]/.test(token)
}
