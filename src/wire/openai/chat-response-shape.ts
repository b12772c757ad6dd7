// The fields of a chat completion (openai-node 7.55, resources/chat/completions).
// Fields that are not listed are inspected as any JSON.
import type { JsonNode } from '../json-tree.ts'
import { audioData } from '../opaque.ts'
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
import { readLogprobs } from './logprobs.ts'

const anything = json()

const calledFunction = object({ name: text, arguments: jsonText })

const toolCallFields = object({
  id: identifier,
  type: identifier,
  index: scalar,
  function: calledFunction,
  custom: object({ name: text, input: text }),
})

const toolCall: Shape = (reader, node, path, place) => {
  const target = memberOf(node, 'function') ?? memberOf(node, 'custom')
  const tool = target && stringMember(reader, target, 'name')
  toolCallFields(reader, node, path, { ...place, channel: 'tool_call', tool })
}

const messageFields = object({
  role: identifier,
  content: text,
  refusal: text,
  reasoning_content: text,
  reasoning: text,
  annotations: anything,
  audio: object({ id: identifier, data: audioData, expires_at: scalar, transcript: text }),
  tool_calls: list(toolCall),
  function_call: (reader, node, path, place) =>
    calledFunction(reader, node, path, { ...place, channel: 'tool_call', tool: stringMember(reader, node, 'name') }),
})

const choiceFields = object({ index: scalar, finish_reason: identifier, logprobs: ignored, message: messageFields })

const choice: Shape = (reader, node, path, place) => {
  const inChoice = { ...place, choice: indexOf(reader, node, path) }
  choiceFields(reader, node, path, inChoice)
  readLogprobs(reader, memberOf(node, 'logprobs'), memberOf(node, 'message'), `${path}/logprobs`, inChoice)
}

export const chatResponseShape: Shape = answer(choice)

/** What a whole answer and a chunk of one have in common around their choices. */
export function answer(choiceShape: Shape): Shape {
  return object({
    id: identifier,
    object: identifier,
    created: scalar,
    model: identifier,
    system_fingerprint: identifier,
    service_tier: identifier,
    usage: anything,
    obfuscation: identifier,
    choices: list(choiceShape),
  })
}

/** The `index` of a choice or call; without one, its position in the list. */
export function indexOf(reader: Reader, node: JsonNode, path: string): number {
  const index = memberOf(node, 'index')
  const value = index?.kind === 'number' ? Number(reader.document.text(index)) : Number.NaN
  return Number.isSafeInteger(value) && value >= 0 ? value : Number(path.slice(path.lastIndexOf('/') + 1))
}
