// Requests, answers and streams of OpenAI's formats.

import { chat } from '../../src/wire/openai/every-field.ts'
import { completions, embeddings } from '../../src/wire/openai/every-field-plain.ts'
import type { Random } from '../engine/random.ts'
import { canary } from '../oracles/canary.ts'
import { derive, pieces, text, written } from './derive.ts'
import { toStream } from './event-stream.ts'

const kept = new Set([
  'model',
  'messages',
  'prompt',
  'input',
  'type',
  'role',
  'choices',
  'index',
  'delta',
  'message',
  'id',
])

const examples = { chat, completions, embeddings }
export type OpenAiName = keyof typeof examples

export function openAiRequest(name: OpenAiName, random: Random): Uint8Array {
  return body(examples[name].requests, random)
}

export function openAiAnswer(name: OpenAiName, random: Random): Uint8Array {
  return body([...examples[name].answers, ...(random.chance(0.1) ? chat.answers : [])], random)
}

function body(from: readonly object[], random: Random): Uint8Array {
  return Buffer.from(written(derive(random.pick(from), random, { kept, texts: 0.4 }), random))
}

/** A model's list of models. */
export function modelList(random: Random): Uint8Array {
  const data = Array.from({ length: random.small(5) }, () => ({
    id: random.pick(['gpt-4o', 'org/model:tag', '', canary(random), 'a b']),
    object: 'model',
    created: 1,
    owned_by: random.pick(['openai', text(random)]),
    ...(random.chance(0.2) && { permission: [{ note: text(random) }] }),
  }))
  return Buffer.from(written({ object: 'list', data }, random))
}

/** A stream of chunks, in which some texts go on from chunk to chunk. */
export function openAiStream(name: 'chat' | 'completions', random: Random): Uint8Array {
  const lanes = Array.from({ length: 1 + random.small(4) }, (_, at) =>
    (name === 'chat' ? chatLane : textLane)(at, random),
  )
  const events: object[] = []
  const open = lanes.flat()
  // Each lane in its order, the lanes in any order.
  while (lanes.some((lane) => lane.length > 0)) {
    const [piece] = random.pick(lanes.filter((lane) => lane.length > 0)).splice(0, 1)
    if (piece !== undefined) events.push(envelope(name, [piece]))
    if (random.chance(0.03))
      events.push(Object(derive(random.pick(examples[name].chunks), random, { kept, texts: 0.3 })))
  }
  for (const index of new Set(open.map((choice) => choice.index)))
    events.push(envelope(name, [{ index, ...(name === 'chat' ? { delta: {} } : { text: '' }), finish_reason: 'stop' }]))
  if (random.chance(0.3)) events.push({ ...envelope(name, []), usage: { prompt_tokens: 1, completion_tokens: 2 } })
  return toStream(
    [...events.map((event) => ({ data: written(event, random).replaceAll('\n', '') })), { data: '[DONE]' }],
    random,
  )
}

interface Choice {
  readonly index: number
  readonly [field: string]: unknown
}

function envelope(name: 'chat' | 'completions', choices: readonly object[]): object {
  const object = name === 'chat' ? 'chat.completion.chunk' : 'text_completion'
  return { id: 'chatcmpl-1', object, created: 1, model: 'gpt-4o', choices }
}

function chatLane(at: number, random: Random): Choice[] {
  const index = random.small(2)
  const field = random.pick([
    'content',
    'content',
    'content',
    'refusal',
    'reasoning',
    'reasoning_content',
    'tool',
    'zz',
  ])
  if (field === 'tool') return toolLane(index, at, random)
  return pieces(longText(random), random).map((piece) => ({ index, delta: { [field]: piece }, finish_reason: null }))
}

function toolLane(index: number, call: number, random: Random): Choice[] {
  const json = JSON.stringify({ [text(random)]: text(random), list: [text(random), 1, null] })
  const first = { index: call, id: `call_${call}`, type: 'function', function: { name: 'weather', arguments: '' } }
  const rest = pieces(json, random).map((piece) => ({ index: call, function: { arguments: piece } }))
  return [first, ...rest].map((tool) => ({ index, delta: { tool_calls: [tool] } }))
}

function textLane(at: number, random: Random): Choice[] {
  return pieces(longText(random), random).map((piece) => ({
    index: at,
    text: piece,
    logprobs: null,
    finish_reason: null,
  }))
}

export function longText(random: Random): string {
  return Array.from({ length: 1 + random.small(4) }, () => text(random)).join(random.pick(['', ' ', 'Q']))
}
