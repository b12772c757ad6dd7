// Log probabilities spell the answer a second time, token by token (OpenAI ChatCompletionTokenLogprob).
// They may be forwarded only while they say exactly what was inspected.
import { isUtf8 } from 'node:buffer'
import type { JsonNode } from '../json-tree.ts'
import type { Place } from '../part.ts'
import type { Reader } from '../reader.ts'
import { memberOf, stringMember, text } from '../shape.ts'

/** Records the log probabilities of a choice. The alternatives in them, which the answer does not contain, become parts. */
export function readLogprobs(
  reader: Reader,
  node: JsonNode | undefined,
  message: JsonNode | undefined,
  path: string,
  place: Place,
): void {
  if (node === undefined || node.kind === 'null') return
  const repeatsText =
    node.kind === 'object' &&
    node.members.every(
      ({ name, value }) =>
        TEXTS.includes(name) && spells(reader, value, message && stringMember(reader, message, name)),
    )
  reader.logprobs.push({ choice: place.choice ?? 0, start: node.start, end: node.end, repeatsText })
  if (!repeatsText) return
  for (const { name, value } of node.members) emitAlternatives(reader, value, `${path}/${name}`, place)
}

/** The fields of a message that are spelled. */
const TEXTS = ['content', 'refusal']

/** Longest text, in UTF-16 units, of a token that is only a piece of a character: an escaped form of a few bytes. */
const MAX_FRAGMENT = 32

function spells(reader: Reader, tokens: JsonNode, expected: string | undefined): boolean {
  if (tokens.kind === 'null') return true
  const pieces = tokens.kind === 'array' ? tokens.items.map((token) => tokenBytes(reader, token, isAlternatives)) : []
  if (tokens.kind !== 'array' || !pieces.every((piece) => piece !== undefined)) return false
  return Buffer.concat(pieces).equals(Buffer.from(expected ?? ''))
}

function isAlternatives(reader: Reader, node: JsonNode): boolean {
  if (node.kind !== 'array') return node.kind === 'null'
  return node.items.every((token) => tokenBytes(reader, token, () => false) !== undefined)
}

/** The bytes that a token stands for; undefined when it holds anything else that could be read. */
function tokenBytes(
  reader: Reader,
  node: JsonNode,
  mayHold: (reader: Reader, alternatives: JsonNode) => boolean,
): Buffer | undefined {
  const token = stringMember(reader, node, 'token')
  if (token === undefined || node.kind !== 'object') return undefined
  for (const { name, value } of node.members) {
    const isKnown = name === 'token' || name === 'bytes' || (name === 'logprob' && value.kind === 'number')
    if (!isKnown && !(name === 'top_logprobs' && mayHold(reader, value))) return undefined
  }
  const bytes = memberOf(node, 'bytes')
  if (bytes === undefined || bytes.kind === 'null') return Buffer.from(token)
  const listed = byteList(reader, bytes)
  if (listed?.equals(Buffer.from(token))) return listed
  return listed && !isUtf8(listed) && token.length <= MAX_FRAGMENT ? listed : undefined
}

function byteList(reader: Reader, node: JsonNode): Buffer | undefined {
  if (node.kind !== 'array') return undefined
  const values = node.items.map((item) => (item.kind === 'number' ? Number(reader.document.text(item)) : -1))
  return values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)
    ? Buffer.from(values)
    : undefined
}

function emitAlternatives(reader: Reader, tokens: JsonNode, path: string, place: Place): void {
  if (tokens.kind !== 'array') return
  tokens.items.forEach((token, i) => {
    const alternatives = memberOf(token, 'top_logprobs')
    if (alternatives?.kind !== 'array') return
    alternatives.items.forEach((alternative, j) => {
      const node = memberOf(alternative, 'token')
      if (node) text(reader, node, `${path}/${i}/top_logprobs/${j}/token`, place)
    })
  })
}
