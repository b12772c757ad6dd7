// Log probabilities spell the answer a second time, token by token (OpenAI ChatCompletionTokenLogprob).
// They may be forwarded only while they say exactly what was inspected.
import { isUtf8 } from 'node:buffer'
import type { JsonNode } from './json.ts'
import type { Reader } from './reader.ts'
import { memberOf, stringMember } from './shape.ts'

/** Longest token text, in UTF-16 units, of an alternative or of a fragment of a character; vocabularies stay below it. */
const MAX_TOKEN = 128

/** Records the log probabilities of a choice beside its message. */
export function noteLogprobs(
  reader: Reader,
  node: JsonNode | undefined,
  message: JsonNode | undefined,
  choice: number,
): void {
  if (node === undefined || node.kind === 'null') return
  const repeatsText =
    node.kind === 'object' &&
    node.members.every(({ name, value }) => TEXTS.includes(name) && spells(reader, value, message, name))
  reader.logprobs.push({ choice, start: node.start, end: node.end, repeatsText })
}

const TEXTS = ['content', 'refusal']

function spells(reader: Reader, tokens: JsonNode, message: JsonNode | undefined, name: string): boolean {
  if (tokens.kind === 'null') return true
  if (tokens.kind !== 'array') return false
  const pieces: Buffer[] = []
  for (const token of tokens.items) {
    const bytes = tokenBytes(reader, token)
    if (!bytes) return false
    pieces.push(bytes)
  }
  const text = message === undefined ? undefined : stringMember(reader, message, name)
  return Buffer.concat(pieces).equals(Buffer.from(text ?? ''))
}

/** The bytes that a token stands for; undefined when it holds anything else that could be read. */
function tokenBytes(reader: Reader, node: JsonNode): Buffer | undefined {
  if (node.kind !== 'object') return undefined
  for (const { name, value } of node.members) {
    const isKnown =
      name === 'token' ||
      name === 'bytes' ||
      (name === 'top_logprobs' ? areShort(reader, value) : value.kind === 'number')
    if (!isKnown) return undefined
  }
  const text = stringMember(reader, node, 'token')
  const bytes = byteList(reader, memberOf(node, 'bytes'))
  if (text === undefined) return undefined
  if (!bytes || bytes.equals(Buffer.from(text))) return Buffer.from(text)
  // A piece of a character has no text of its own; its token shows an escaped form of the bytes.
  return !isUtf8(bytes) && text.length <= MAX_TOKEN ? bytes : undefined
}

function areShort(reader: Reader, alternatives: JsonNode): boolean {
  if (alternatives.kind !== 'array') return alternatives.kind === 'null'
  return alternatives.items.every((node) => (tokenBytes(reader, node)?.length ?? MAX_TOKEN + 1) <= MAX_TOKEN)
}

function byteList(reader: Reader, node: JsonNode | undefined): Buffer | undefined {
  if (node?.kind !== 'array') return undefined
  return Buffer.from(node.items.map((item) => Number(reader.document.text(item))))
}
