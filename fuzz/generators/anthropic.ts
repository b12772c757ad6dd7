// Requests, answers and streams of Anthropic's Messages API.
import { answers, situations, tokenCount } from '../../src/wire/anthropic/every-answer.ts'
import { plainRequest, requests, toolRequests } from '../../src/wire/anthropic/every-request.ts'
import type { Random } from '../engine/random.ts'
import { derive, pieces, text, written } from './derive.ts'
import { toStream } from './event-stream.ts'
import { longText } from './openai.ts'

const kept = new Set([
  'model',
  'messages',
  'type',
  'role',
  'content',
  'content_block',
  'source',
  'signature',
  'media_type',
])

export function messagesRequest(random: Random): Uint8Array {
  return body([plainRequest, ...requests, ...toolRequests], random)
}

export function messagesAnswer(random: Random): Uint8Array {
  return body(answers, random)
}

export function countAnswer(random: Random): Uint8Array {
  return body([tokenCount], random)
}

function body(from: readonly object[], random: Random): Uint8Array {
  return Buffer.from(written(derive(random.pick(from), random, { kept, texts: 0.3 }), random))
}

interface Event {
  readonly type: string
  readonly [field: string]: unknown
}

/** A message that begins, has blocks one after the other, and ends. */
export function messagesStream(random: Random): Uint8Array {
  const events: Event[] = [begin]
  const count = 1 + random.small(4)
  for (let index = 0; index < count; index++) events.push(...block(index, random))
  if (random.chance(0.2)) events.splice(1 + random.below(events.length), 0, { type: 'ping' })
  events.push(
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 3 } },
    { type: 'message_stop' },
  )
  return toStream(
    events.map((event) => ({ type: event.type, data: written(event, random).replaceAll('\n', '') })),
    random,
  )
}

const begin: Event = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [],
    usage: { input_tokens: 1, output_tokens: 1 },
  },
}

function block(index: number, random: Random): Event[] {
  const kind = random.pick(['text', 'text', 'tool_use', 'thinking', 'any'])
  const { start, deltas } = kind === 'any' ? anyBlock(random) : knownBlock(kind, random)
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
}

function knownBlock(kind: string, random: Random) {
  if (kind === 'tool_use') {
    const json = JSON.stringify({ [text(random)]: text(random), list: [text(random), 1] })
    return {
      start: { type: kind, id: 'toolu_1', name: 'weather', input: {} },
      deltas: pieces(json, random).map((partial_json) => ({ type: 'input_json_delta', partial_json })),
    }
  }
  const type = `${kind}_delta`
  const deltas: object[] = pieces(longText(random), random).map((piece) => ({ type, [kind]: piece }))
  if (kind === 'thinking') deltas.push({ type: 'signature_delta', signature: 'c2lnbmVk' })
  return { start: { type: kind, [kind]: random.chance(0.2) ? text(random) : '' }, deltas }
}

/** One of the known situations, varied. */
function anyBlock(random: Random) {
  const { before, event } = Object(derive(random.pick(situations), random, { kept: keptInEvents, texts: 0.3 }))
  const blocks: unknown[] = [...(before ?? []), event].map((each) => each?.content_block).filter(Boolean)
  return { start: Object(blocks[0] ?? { type: 'text', text: '' }), deltas: event?.delta ? [Object(event.delta)] : [] }
}

const keptInEvents = new Set([...kept, 'before', 'event', 'delta', 'index'])
