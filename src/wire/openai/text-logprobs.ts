// Log probabilities of a plain completion: lists side by side, one of the tokens that the text is made of.
// As in a chat, they may be forwarded only while they say exactly what was inspected.
import type { JsonNode } from '../json-tree.ts'
import type { Place } from '../part.ts'
import type { Reader } from '../reader.ts'
import { escapePointer, memberOf } from '../shape.ts'

/** Records the log probabilities of a choice. Alternatives, which the text does not contain, become parts. */
export function readTextLogprobs(
  reader: Reader,
  node: JsonNode | undefined,
  answer: JsonNode | undefined,
  path: string,
  place: Place,
): void {
  if (node === undefined || node.kind === 'null') return
  const spelled = answer?.kind === 'string' ? reader.document.text(answer) : ''
  const repeatsText =
    node.kind === 'object' && node.members.every(({ name, value }) => isHarmless(reader, name, value, spelled))
  reader.logprobs.push({ choice: place.choice ?? 0, start: node.start, end: node.end, repeatsText })
  const alternatives = repeatsText ? memberOf(node, 'top_logprobs') : undefined
  if (alternatives?.kind === 'array') emitAlternatives(reader, alternatives.items, `${path}/top_logprobs`, place)
}

function isHarmless(reader: Reader, name: string, value: JsonNode, spelled: string): boolean {
  if (value.kind !== 'array' && value.kind !== 'null') return false
  const items = value.kind === 'array' ? value.items : []
  switch (name) {
    case 'tokens':
      return value.kind === 'null' || bytesOf(reader, items)?.equals(Buffer.from(spelled)) === true
    case 'token_logprobs':
    case 'text_offset':
      return items.every(({ kind }) => kind === 'number' || kind === 'null')
    case 'top_logprobs':
      return items.every(isAlternatives)
    default:
      return false
  }
}

function isAlternatives(node: JsonNode): boolean {
  return node.kind === 'null' || (node.kind === 'object' && node.members.every(({ value }) => value.kind === 'number'))
}

/** What the tokens spell; undefined when one of them is no string. */
function bytesOf(reader: Reader, tokens: readonly JsonNode[]): Buffer | undefined {
  if (!tokens.every(({ kind }) => kind === 'string')) return undefined
  return Buffer.concat(
    tokens.map((token) => {
      const text = reader.document.text(token)
      return fragment.test(text)
        ? Buffer.from(text.slice('bytes:'.length).replaceAll('\\x', ''), 'hex')
        : Buffer.from(text)
    }),
  )
}

/** A token that is only a piece of a character. */
const fragment = /^bytes:(?:\\x[0-9a-f]{2})+$/

function emitAlternatives(reader: Reader, alternatives: readonly JsonNode[], path: string, place: Place): void {
  alternatives.forEach((tokens, i) => {
    if (tokens.kind !== 'object') return
    for (const { name, key } of tokens.members)
      if (name !== '') reader.emit(key, `${path}/${i}/${escapePointer(name)}~key`, place, true)
  })
}
