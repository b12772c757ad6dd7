// JSON (RFC 8259) as a tree that keeps what other parsers throw away: where each value lies, keys that come twice, and
// numbers as they are written. JSON.parse keeps the last of two equal keys and rounds beyond 2^53, silently.
import { ArtifactError } from '../error.ts'

export type JsonNode =
  | { readonly kind: 'object'; readonly offset: number; readonly members: readonly JsonMember[] }
  | { readonly kind: 'array'; readonly offset: number; readonly items: readonly JsonNode[] }
  | { readonly kind: 'text'; readonly offset: number; readonly value: string }
  /** As written; NaN and the infinities too, which Python writes. */
  | { readonly kind: 'number'; readonly offset: number; readonly source: string }
  | { readonly kind: 'literal'; readonly offset: number; readonly value: boolean | null }

export interface JsonMember {
  readonly name: string
  readonly offset: number
  readonly value: JsonNode
}

const maxDepth = 512
const maxValues = 5_000_000

/**
 * @param text    UTF-16; offsets are counted in its units
 * @param onDuplicate  called for each key that its object already has
 * @throws ArtifactError `malformed`, `over_limit`
 */
export function parseJson(text: string, onDuplicate: (name: string, offset: number) => void = () => {}): JsonNode {
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0
  let values = 0
  const root = value(0)
  skipSpace()
  if (at < text.length) throw malformed('something follows behind the value')
  return root

  function value(depth: number): JsonNode {
    if (depth > maxDepth)
      throw new ArtifactError('over_limit', `limit reached: JSON more than ${maxDepth} levels deep`, at)
    if (++values > maxValues)
      throw new ArtifactError('over_limit', `limit reached: more than ${maxValues} JSON values`, at)
    skipSpace()
    const offset = at
    switch (text.charCodeAt(at)) {
      case 0x7b:
        return object(offset, depth)
      case 0x5b:
        return array(offset, depth)
      case 0x22:
        return { kind: 'text', offset, value: string() }
      default:
        return scalar(offset)
    }
  }

  function object(offset: number, depth: number): JsonNode {
    const members: JsonMember[] = []
    const names = new Set<string>()
    at++
    skipSpace()
    if (taken('}')) return { kind: 'object', offset, members }
    do {
      skipSpace()
      const place = at
      if (text[at] !== '"') throw malformed('a key is missing')
      const name = string()
      if (names.has(name)) onDuplicate(name, place)
      names.add(name)
      skipSpace()
      if (!taken(':')) throw malformed('a colon is missing')
      members.push({ name, offset: place, value: value(depth + 1) })
      skipSpace()
    } while (taken(','))
    if (!taken('}')) throw malformed('an object does not end')
    return { kind: 'object', offset, members }
  }

  function array(offset: number, depth: number): JsonNode {
    const items: JsonNode[] = []
    at++
    skipSpace()
    if (taken(']')) return { kind: 'array', offset, items }
    do {
      items.push(value(depth + 1))
      skipSpace()
    } while (taken(','))
    if (!taken(']')) throw malformed('an array does not end')
    return { kind: 'array', offset, items }
  }

  function string(): string {
    const start = at++
    let isEscaped = false
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x22) {
        at++
        if (!isEscaped) return text.slice(start + 1, at - 1)
        return unescaped(start)
      }
      if (code === 0x5c) {
        isEscaped = true
        at++
      } else if (code < 0x20) throw malformed('a control character in a text')
    }
    throw malformed('a text does not end')
  }

  function unescaped(start: number): string {
    try {
      const result: unknown = JSON.parse(text.slice(start, at))
      if (typeof result === 'string') return result
    } catch {
      // Told below.
    }
    throw malformed('an escape that does not exist')
  }

  function scalar(offset: number): JsonNode {
    const word = /-?[A-Za-z0-9.+-]*/y
    word.lastIndex = at
    const source = word.exec(text)?.[0] ?? ''
    at += source.length
    if (source === 'true' || source === 'false') return { kind: 'literal', offset, value: source === 'true' }
    if (source === 'null') return { kind: 'literal', offset, value: null }
    if (/^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/.test(source))
      return { kind: 'number', offset, source }
    throw malformed('no value')
  }

  function skipSpace(): void {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      at++
    }
  }

  function taken(sign: string): boolean {
    if (text[at] !== sign) return false
    at++
    return true
  }

  function malformed(what: string): ArtifactError {
    return new ArtifactError('malformed', `not JSON: ${what}`, at)
  }
}

/** The last member of that name, which is the one that most readers take. */
export function member(node: JsonNode | undefined, name: string): JsonNode | undefined {
  return node?.kind === 'object' ? node.members.findLast((each) => each.name === name)?.value : undefined
}
