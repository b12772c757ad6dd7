// JSON that no two parsers can understand in two ways (RFC 8259 section 4, RFC 7515 section 10.12): each key once,
// UTF-8 without a byte order mark, no half of a surrogate pair, and not deep.

const maxDepth = 16

/**
 * @param bytes bounded by the caller
 * @throws SyntaxError, TypeError for anything else; the message says nothing that may be shown
 */
export function readStrictJson(bytes: Uint8Array): unknown {
  const text = utf8.decode(bytes)
  const value: unknown = JSON.parse(text)
  requireOneMeaning(text)
  return value
}

/** An object's own members, without its prototype's. @throws TypeError when it is none */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no JSON object')
  return Object.assign(Object.create(null), value)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Strings and signs of a text that has been parsed already, so that a colon outside a string always ends a key. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g

function requireOneMeaning(text: string): void {
  const open: (Set<string> | undefined)[] = []
  let last = ''
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined)
      if (open.length > maxDepth) throw new SyntaxError('nested too deeply')
    } else if (token === '}' || token === ']') open.pop()
    else if (token === ':') addOnce(open.at(-1), last)
    else last = token.includes('\\u') ? whole(token) : token.slice(1, -1)
  }
}

function addOnce(keys: Set<string> | undefined, key: string): void {
  if (keys === undefined || keys.has(key)) throw new SyntaxError('a key is written twice')
  keys.add(key)
}

/** The text of a string with escapes, so that `"a"` and `"\u0061"` are seen to be the same key. */
function whole(token: string): string {
  const text: unknown = JSON.parse(token)
  if (typeof text !== 'string' || !text.isWellFormed()) throw new SyntaxError('half of a surrogate pair')
  return text
}
