// Whole (not streamed) answers of /v1/chat/completions (openai-node 7.55, resources/chat/completions).
import type { ModelResponse } from '../format.ts'
import { audioData } from '../opaque.ts'
import type { WireOptions } from '../options.ts'
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
import { answerOf, finishReason, indexOf, parseAnswer } from './answer.ts'
import { readLogprobs } from './logprobs.ts'

/** As WireFormat says. */
export function parseChatResponse(body: Uint8Array, options?: Partial<WireOptions>): ModelResponse {
  return parseAnswer(shape, body, options)
}

const anything = json()

const calledFunction = object({ name: text, arguments: jsonText })

const toolCallFields = object({
  id: identifier,
  type: word('function', 'custom'),
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
  role: word('assistant'),
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

const choiceFields = object({ index: scalar, finish_reason: finishReason, logprobs: ignored, message: messageFields })

const choice: Shape = (reader, node, path, place) => {
  const inChoice = { ...place, choice: indexOf(reader, node, path) }
  choiceFields(reader, node, path, inChoice)
  readLogprobs(reader, memberOf(node, 'logprobs'), memberOf(node, 'message'), `${path}/logprobs`, inChoice)
}

const shape = answerOf(choice)
