// Whole answers of any format: the place their texts have, errors in their stead, and changes written back.
import { blameUpstream } from './errors.ts'
import type { ErrorBody, ModelResponse, ResponseEdit } from './format.ts'
import { parseJson } from './json.ts'
import type { JsonNode } from './json-tree.ts'
import { type WireOptions, withDefaults } from './options.ts'
import type { Place } from './part.ts'
import { Reader } from './reader.ts'
import { jsonString, splice } from './replace.ts'
import { json, memberOf, stringMember } from './shape.ts'

export const ANSWER_PLACE: Place = { role: 'assistant', channel: 'assistant', contentType: 'text' }

/** As WireFormat says. */
export function replaceInResponse(response: ModelResponse, edits: readonly ResponseEdit[]): Uint8Array {
  const changed = new Set(edits.map(({ part }) => part.choice))
  const removed = response.logprobs.filter(({ choice, repeatsText }) => !repeatsText || changed.has(choice))
  const kept = edits.filter(({ part }) => !removed.some(({ start, end }) => part.start >= start && part.end <= end))
  return splice(response.body, [
    ...kept.map(({ part, text }) => ({ start: part.start, end: part.end, bytes: jsonString(text) })),
    ...removed.map(({ start, end }) => ({ start, end, bytes: Buffer.from('null') })),
  ])
}

/** As WireFormat says; the usual places of every vendor. */
export function parseErrorBody(body: Uint8Array, options?: Partial<WireOptions>): ErrorBody {
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const document = parseJson(body, settings)
    const reader = new Reader(document, settings, 'response')
    json()(reader, document.root, '', ANSWER_PLACE)
    const message = errorMessage(reader, document.root)
    // Nobody compares anything in an error, so even a name may be masked there.
    return { body, parts: [...reader.parts, ...reader.names], ...(message !== undefined && { message }) }
  })
}

/** OpenAI and Anthropic: `error.message`; others: `message`, `detail`, or `error` as a string. */
function errorMessage(reader: Reader, root: JsonNode): string | undefined {
  const error = memberOf(root, 'error')
  return (
    (error && stringMember(reader, error, 'message')) ??
    stringMember(reader, root, 'message') ??
    stringMember(reader, root, 'detail') ??
    stringMember(reader, root, 'error')
  )
}
