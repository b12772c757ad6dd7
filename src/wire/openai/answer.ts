// What the answers of OpenAI's formats have in common, whole and streamed: an envelope around choices, and token counts.
import { blameUpstream, WireError } from '../errors.ts'
import type { ModelResponse, StreamChunk } from '../format.ts'
import { parseJson } from '../json.ts'
import type { JsonNode } from '../json-tree.ts'
import { type WireOptions, withDefaults } from '../options.ts'
import { type Memory, Reader } from '../reader.ts'
import { ANSWER_PLACE } from '../response.ts'
import { identifier, list, memberOf, object, requireObject, type Shape, scalar, word } from '../shape.ts'
import type { SseEvent } from '../sse.ts'
import { DeltaReader, NOTHING } from '../stream.ts'
import { readUsage, usage } from './usage.ts'

/** The answer of which each choice has that shape. Fields that are not listed are inspected as any JSON. */
export function answerOf(choice: Shape): Shape {
  return object({
    id: identifier,
    object: word('chat.completion', 'chat.completion.chunk', 'text_completion'),
    created: scalar,
    model: identifier,
    system_fingerprint: identifier,
    service_tier: word('auto', 'default', 'flex', 'scale', 'priority', 'fast', 'standard'),
    usage,
    obfuscation: identifier,
    choices: list(choice),
  })
}

/** Why a choice ended, in the words of OpenAI and of the servers that speak its format. */
export const finishReason: Shape = word(
  ...['stop', 'length', 'content_filter', 'tool_calls', 'function_call', 'error', 'abort', 'eos'],
)

/** The `index` of a choice or call; without one, its position in the list. */
export function indexOf(reader: Reader, node: JsonNode, path: string): number {
  const index = memberOf(node, 'index')
  const value = index?.kind === 'number' ? Number(reader.document.text(index)) : Number.NaN
  return Number.isSafeInteger(value) && value >= 0 ? value : Number(path.slice(path.lastIndexOf('/') + 1))
}

/**
 * The same in a stream, where it says which text a piece continues. Clients disagree about an index that is no whole
 * number, and about a missing one: to some it is 0, to others a text of its own. So it is there always or never.
 *
 * @param list what it is the index of
 */
export function streamedIndexOf(reader: Reader, node: JsonNode, path: string, list: string): number {
  const { indexing } = reader.memory
  const index = memberOf(node, 'index')
  const isIndexed = index !== undefined && index.kind !== 'null'
  const position = indexOf(reader, node, path)
  if (isIndexed && Number(reader.document.text(index)) !== position) throw disputed()
  if (index?.kind === 'string' || (indexing.get(list) ?? isIndexed) !== isIndexed) throw disputed()
  indexing.set(list, isIndexed)
  return position
}

function disputed(): WireError {
  const message = 'It is not clear which text a piece continues: an index is missing or no whole number.'
  return new WireError({ code: 'invalid_response', status: 502, message })
}

/** Reads a whole answer of that shape. */
export function parseAnswer(shape: Shape, body: Uint8Array, options: Partial<WireOptions> | undefined): ModelResponse {
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const document = parseJson(body, { maxDepth: settings.maxDepth, maxValues: settings.maxAnswerValues })
    const root = requireObject(document.root)
    const reader = new Reader(document, settings, 'response')
    shape(reader, root, '', ANSWER_PLACE)
    const counts = readUsage(document, memberOf(root, 'usage'))
    const { parts, names, logprobs, uninspected } = reader
    return { body, parts, names, logprobs, uninspected, ...(counts && { usage: counts }) }
  })
}

/**
 * Reads one event whose data is an answer of that shape.
 *
 * @param memory of the whole stream: the name of a call comes with its first piece only
 * @throws WireError with status 502 when the data is neither JSON by our rules nor `[DONE]`; never forward such an event
 */
export function parseChunk(
  shape: Shape,
  event: SseEvent,
  memory: Memory,
  options: Partial<WireOptions> | undefined,
): StreamChunk {
  const { data } = event
  if (data === undefined || isDone(data)) return { ...NOTHING, event, isDone: data !== undefined }
  return blameUpstream(() => {
    const settings = withDefaults(options)
    const document = parseJson(data, settings)
    const root = requireObject(document.root)
    const reader = new DeltaReader(document, settings, 'response', memory)
    shape(reader, root, '', ANSWER_PLACE)
    const counts = readUsage(document, memberOf(root, 'usage'))
    const { deltas, names, logprobs, uninspected } = reader
    const finished = finishedChoices(reader, root)
    return {
      ...{ event, deltas, names, finished, isDone: false, document, logprobs, uninspected },
      ...(counts && { usage: counts }),
    }
  })
}

function isDone(data: Buffer): boolean {
  return data.length < 16 && data.toString('latin1').trim() === '[DONE]'
}

function finishedChoices(reader: Reader, root: JsonNode): number[] {
  const choices = memberOf(root, 'choices')
  if (choices?.kind !== 'array') return []
  return choices.items.flatMap((choice, i) =>
    memberOf(choice, 'finish_reason')?.kind === 'string' ? [indexOf(reader, choice, `/${i}`)] : [],
  )
}
