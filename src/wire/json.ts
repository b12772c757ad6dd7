// Strict JSON (RFC 8259, and the I-JSON rules of RFC 7493 on keys and surrogates) with byte positions.
// One pass over the bytes checks everything and yields a tree of spans; strings are decoded only when asked for.
import { isUtf8 } from 'node:buffer'
import { malformed, Scanner } from './json-scanner.ts'
import { Decoder } from './json-text.ts'

export interface JsonObject {
  readonly kind: 'object'
  readonly start: number
  readonly end: number
  readonly members: readonly JsonMember[]
}

export interface JsonArray {
  readonly kind: 'array'
  readonly start: number
  readonly end: number
  readonly items: readonly JsonNode[]
}

export interface JsonScalar {
  readonly kind: 'string' | 'number' | 'true' | 'false' | 'null'
  readonly start: number
  readonly end: number
}

/** A value and its byte span [start, end) in the document; a string's span includes its quotes. */
export type JsonNode = JsonObject | JsonArray | JsonScalar

export interface JsonMember {
  /** The decoded key. */
  readonly name: string
  /** Byte span of the key, quotes included. */
  readonly key: JsonScalar
  readonly value: JsonNode
}

export interface JsonLimits {
  /** Arrays and objects open at once; at most 1000, since reading recurses. */
  readonly maxDepth: number
  /** Values and keys in the whole document. */
  readonly maxValues: number
}

export interface JsonDocument {
  readonly bytes: Buffer
  readonly root: JsonNode
  /** The decoded value of a string node, or the literal text of any other. */
  text(node: { readonly start: number; readonly end: number }): string
}

/**
 * Reads a whole document.
 * Refuses (WireError, status 400) what parsers disagree about, so that nobody downstream can read something else
 * than was inspected: duplicate keys, lone surrogates, byte order marks, invalid UTF-8, anything after the value.
 * Numbers are checked but not converted: the original bytes are what is forwarded.
 */
export function parseJson(body: Uint8Array, limits: JsonLimits): JsonDocument {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (!isUtf8(bytes)) throw malformed('the body is not valid UTF-8')
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    throw malformed('the body starts with a byte order mark', 0)
  const decoder = new Decoder(bytes)
  const root = new Scanner(decoder, limits).document()
  return { bytes, root, text: (node) => decoder.text(node) }
}
