// Streamed answers of /v1/chat/completions (openai-node 7.55, ChatCompletionChunk). Each field leads into its lane: the
// text that one field of one choice adds up to over the whole stream.
import { createTemplateReader } from '../chunk-reader.ts'
import { WireError } from '../errors.ts'
import type { StreamChunk } from '../format.ts'
import type { JsonNode } from '../json-tree.ts'
import { audioData } from '../opaque.ts'
import type { WireOptions } from '../options.ts'
import type { Place } from '../part.ts'
import { createMemory, type Memory, type Reader } from '../reader.ts'
import {
  identifier,
  ignored,
  json,
  jsonText,
  list,
  memberOf,
  object,
  type Shape,
  scalar,
  stringMember,
  text,
  word,
} from '../shape.ts'
import type { SseEvent } from '../sse.ts'
import { whole } from '../stream.ts'
import { answerOf, finishReason, parseChunk, streamedIndexOf } from './answer.ts'

/** As WireFormat says. */
export function createChatReader(options?: Partial<WireOptions>): (event: SseEvent) => StreamChunk {
  const memory = createMemory()
  return createTemplateReader((event) => parseChatChunk(event, memory, options))
}

/** Reads one event in full. */
export function parseChatChunk(
  event: SseEvent,
  memory: Memory = createMemory(),
  options?: Partial<WireOptions>,
): StreamChunk {
  return parseChunk(shape, event, memory, options)
}

const called = object({ name: whole(text), arguments: jsonText })

const toolCallFields = object({
  id: identifier,
  type: word('function', 'custom'),
  index: scalar,
  function: fromHere(called),
  custom: fromHere(object({ name: whole(text), input: text })),
})

/** Pieces of one call share its index; its id and name come with the first piece only. */
const toolCall: Shape = (reader, node, path, place) => {
  const call = `${place.choice ?? 0}:tool:${streamedIndexOf(reader, node, path, `${place.choice}:tool_calls`)}`
  const tool = toolOf(reader, memberOf(node, 'function') ?? memberOf(node, 'custom'), call)
  const lane = { name: `${call}:`, from: path.length + 1 }
  toolCallFields(reader, node, path, { ...place, channel: 'tool_call', tool, lane })
}

const functionCall: Shape = (reader, node, path, place) => {
  const tool = toolOf(reader, node, `${place.choice ?? 0}:function_call`)
  called(reader, node, path, { ...place, channel: 'tool_call', tool })
}

const deltaFields = object({
  role: word('assistant'),
  content: text,
  refusal: text,
  reasoning_content: text,
  reasoning: text,
  annotations: whole(json()),
  audio: object({ id: identifier, data: audioData, expires_at: scalar, transcript: text }),
  tool_calls: list(toolCall),
  function_call: functionCall,
})

const delta: Shape = (reader, node, path, place) =>
  deltaFields(reader, node, path, { ...place, lane: { name: `${place.choice ?? 0}:`, from: path.length + 1 } })

const choiceFields = object({ index: scalar, finish_reason: finishReason, logprobs: ignored, delta })

const choice: Shape = (reader, node, path, place) => {
  const index = streamedIndexOf(reader, node, path, 'choices')
  choiceFields(reader, node, path, { ...place, choice: index })
  // Of a stream no log probabilities are forwarded: held back or changed text would show in them.
  const logprobs = memberOf(node, 'logprobs')
  if (logprobs === undefined || logprobs.kind === 'null') return
  reader.logprobs.push({ choice: index, start: logprobs.start, end: logprobs.end, repeatsText: false })
}

const shape = answerOf(choice)

/** The lane's id leaves out the path up to here. */
function fromHere(shape: Shape): Shape {
  return (reader, node, path, place) => {
    const change: Partial<Place> = place.lane ? { lane: { ...place.lane, from: path.length + 1 } } : {}
    shape(reader, node, path, { ...place, ...change })
  }
}

function toolOf(reader: Reader, target: JsonNode | undefined, call: string): string | undefined {
  const name = target && stringMember(reader, target, 'name')
  const known = reader.memory.toolNames.get(call)
  // What a tool may be given depends on its name, so a call cannot be given to another tool half-way, nor go without a
  // name until it has begun.
  if (name && known !== undefined && known !== name) throw renamed()
  if (name) reader.memory.toolNames.set(call, name)
  else if (known === undefined && hasBegun(reader, target)) reader.memory.toolNames.set(call, '')
  return name || known || undefined
}

function hasBegun(reader: Reader, target: JsonNode | undefined): boolean {
  return ['arguments', 'input'].some((field) => target && stringMember(reader, target, field))
}

function renamed(): WireError {
  const message = 'A tool call is given another name, or its first one when it has begun.'
  return new WireError({ code: 'invalid_response', status: 502, message })
}
