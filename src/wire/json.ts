// Strict JSON (RFC 8259, and the I-JSON rules of RFC 7493 on keys and surrogates) with byte positions.
// One pass over the bytes checks everything and yields a tree of spans; strings are decoded only when asked for.
import { isUtf8 } from 'node:buffer'
import { malformed, Scanner } from './json-scanner.ts'
import { Decoder } from './json-text.ts'
import type { JsonDocument, JsonLimits } from './json-tree.ts'

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
