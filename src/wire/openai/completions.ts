// Answers of /v1/completions: whole and streamed, they have the same fields (openai-node 7.55, Completion).
import { createTemplateReader } from '../chunk-reader.ts'
import type { ModelResponse, StreamChunk } from '../format.ts'
import type { WireOptions } from '../options.ts'
import { createMemory } from '../reader.ts'
import { ignored, memberOf, object, type Shape, scalar, text } from '../shape.ts'
import type { SseEvent } from '../sse.ts'
import { whole } from '../stream.ts'
import { answerOf, finishReason, indexOf, parseAnswer, parseChunk, streamedIndexOf } from './answer.ts'
import { readTextLogprobs } from './text-logprobs.ts'

/** As WireFormat says. */
export function parseCompletionsResponse(body: Uint8Array, options?: Partial<WireOptions>): ModelResponse {
  return parseAnswer(wholeShape, body, options)
}

/** As WireFormat says. */
export function createCompletionsReader(options?: Partial<WireOptions>): (event: SseEvent) => StreamChunk {
  const memory = createMemory()
  return createTemplateReader((event) => parseChunk(chunkShape, event, memory, options))
}

const choiceFields = object({ index: scalar, finish_reason: whole(finishReason), logprobs: ignored, text })

const wholeChoice: Shape = (reader, node, path, place) => {
  const inChoice = { ...place, choice: indexOf(reader, node, path) }
  choiceFields(reader, node, path, inChoice)
  readTextLogprobs(reader, memberOf(node, 'logprobs'), memberOf(node, 'text'), `${path}/logprobs`, inChoice)
}

const chunkChoice: Shape = (reader, node, path, place) => {
  const index = streamedIndexOf(reader, node, path, 'choices')
  choiceFields(reader, node, path, { ...place, choice: index, lane: { name: `${index}:`, from: path.length + 1 } })
  // As in a streamed chat: held back or changed text would show in them.
  const logprobs = memberOf(node, 'logprobs')
  if (logprobs === undefined || logprobs.kind === 'null') return
  reader.logprobs.push({ choice: index, start: logprobs.start, end: logprobs.end, repeatsText: false })
}

const wholeShape = answerOf(wholeChoice)
const chunkShape = answerOf(chunkChoice)
