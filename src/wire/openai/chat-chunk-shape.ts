// The fields of a streamed chunk (openai-node 7.55, ChatCompletionChunk), each leading into its lane:
// the text that one field of one choice adds up to over the whole stream.

import { WireError } from '../errors.ts'
import type { JsonNode } from '../json-tree.ts'
import { audioData } from '../opaque.ts'
import type { Place } from '../part.ts'
import type { Reader } from '../reader.ts'
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
} from '../shape.ts'
import { answer, indexOf } from './chat-response-shape.ts'

const called = object({ name: whole(text), arguments: jsonText })

const toolCallFields = object({
  id: identifier,
  type: identifier,
  index: scalar,
  function: fromHere(called),
  custom: fromHere(object({ name: whole(text), input: text })),
})

/** Pieces of one call share its index; its id and name come with the first piece only. */
const toolCall: Shape = (reader, node, path, place) => {
  const call = `${place.choice ?? 0}:tool:${indexOf(reader, node, path)}`
  const tool = toolOf(reader, memberOf(node, 'function') ?? memberOf(node, 'custom'), call)
  const lane = { name: `${call}:`, from: path.length + 1 }
  toolCallFields(reader, node, path, { ...place, channel: 'tool_call', tool, lane })
}

const functionCall: Shape = (reader, node, path, place) => {
  const tool = toolOf(reader, node, `${place.choice ?? 0}:function_call`)
  called(reader, node, path, { ...place, channel: 'tool_call', tool })
}

const deltaFields = object({
  role: identifier,
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

const choiceFields = object({ index: scalar, finish_reason: identifier, logprobs: ignored, delta })

const choice: Shape = (reader, node, path, place) => {
  const index = indexOf(reader, node, path)
  choiceFields(reader, node, path, { ...place, choice: index })
  // Of a stream no log probabilities are forwarded: held back or changed text would show in them.
  const logprobs = memberOf(node, 'logprobs')
  if (logprobs === undefined || logprobs.kind === 'null') return
  reader.logprobs.push({ choice: index, start: logprobs.start, end: logprobs.end, repeatsText: false })
}

export const chatChunkShape: Shape = answer(choice)

/** Text that is complete in itself and not a piece of what came before. */
function whole(shape: Shape): Shape {
  return (reader, node, path, place) => {
    const change: Partial<Place> = place.lane ? { lane: { ...place.lane, isWhole: true } } : {}
    shape(reader, node, path, { ...place, ...change })
  }
}

/** The lane's id leaves out the path up to here. */
function fromHere(shape: Shape): Shape {
  return (reader, node, path, place) => {
    const change: Partial<Place> = place.lane ? { lane: { ...place.lane, from: path.length + 1 } } : {}
    shape(reader, node, path, { ...place, ...change })
  }
}

function toolOf(reader: Reader, target: JsonNode | undefined, call: string): string | undefined {
  const name = target && stringMember(reader, target, 'name')
  const known = reader.toolNames.get(call)
  // What a tool may be given depends on its name, so a call cannot be given to another tool half-way.
  if (name && known !== undefined && known !== name) throw renamed()
  if (name) reader.toolNames.set(call, name)
  return name || known
}

function renamed(): WireError {
  const message = 'A tool call is given a second name.'
  return new WireError({ code: 'invalid_response', status: 502, message })
}
