// Every field of Anthropic's formats, with a canary in it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  check,
  encode,
  inspecting,
  permissive,
  pointer,
  type Read,
  strings,
  testEveryField,
  withValue,
} from '../canaries.ts'
import { WireError } from '../errors.ts'
import type { SseEvent } from '../sse.ts'
import { createSseReader } from '../sse.ts'
import { answers, situations, tokenCount } from './every-answer.ts'
import { plainRequest, requests, toolRequests } from './every-request.ts'
import { parseMessagesRequest } from './request.ts'
import { parseMessage, parseTokenCount } from './response.ts'
import { createMessageReader } from './stream.ts'

const readRequest: Read = (body, options) => {
  const { parts, modelPart, uninspected } = parseMessagesRequest(body, options)
  return { parts: [...parts, modelPart], uninspected, removed: [] }
}

const readAnswer: Read = (body, options) => {
  const parse = JSON.parse(body.toString()).input_tokens === undefined ? parseMessage : parseTokenCount
  const { parts, names, uninspected } = parse(body, options)
  return { parts: [...parts, ...names], uninspected, removed: [] }
}

/** What can have gone before an event. */
const beginnings = new Map(situations.map(({ before }) => [JSON.stringify(before), before])).values().toArray()

testEveryField('a request', requests, readRequest)
testEveryField('an answer', [...answers, tokenCount], readAnswer)
testEveryField(
  'an event',
  situations.map(({ event }) => event),
  (body, options) => {
    const type = String(JSON.parse(body.toString()).type)
    // Which events went before does not show in the changed one, so it is read behind each of those that could have.
    for (const before of beginnings) {
      const read = createMessageReader(options)
      for (const earlier of before) read(eventOf(earlier))
      try {
        const { deltas, names, uninspected } = read(sse(type, body))
        return { parts: [...deltas, ...names], uninspected, removed: [] }
      } catch (error) {
        if (!(error instanceof WireError)) throw error
      }
    }
    throw new WireError({ code: 'invalid_response', status: 502, message: 'No order allows it.' })
  },
)

test('every situation is read as it is', () => {
  for (const { before, event } of situations) {
    const read = createMessageReader(permissive)
    for (const each of [...before, event]) assert.ok(read(eventOf(each)))
  }
})

test('what a request leaves unseen is refused where no option allows it, and nothing else is', () => {
  for (const body of [...requests, ...toolRequests, plainRequest]) {
    const { uninspected } = parseMessagesRequest(encode(body), permissive)
    const parse = () => parseMessagesRequest(encode(body))
    if (uninspected.length > 0) assert.throws(parse, { code: 'opaque_content', status: 400 })
    else assert.ok(parse().parts.length > 0)
  }
})

test('in a request even a canary that looks like an identifier is a part', () => {
  const canary = 'canary-4f1d'
  for (const body of requests) {
    for (const [steps] of strings(body)) {
      const changed = withValue(body, steps, canary)
      for (const options of [{}, inspecting]) check('a request', readRequest, changed, steps, options, canary)
    }
  }
})

test('a long number in the free parts of a request is a part', () => {
  const card = 4111111111111111
  for (const path of [
    ['tools', 0, 'input_schema', 'default'],
    ['tools', 0, 'input_examples', 0, 'card'],
    ['metadata', 'card'],
    ['messages', 7, 'content', 0, 'input', 'card'],
    ['zz_new'],
  ]) {
    const { parts } = parseMessagesRequest(encode(withValue(plainRequest, path, card)))
    assert.ok(
      parts.some((part) => part.path === pointer(path) && part.text === String(card)),
      pointer(path),
    )
  }
})

function eventOf(body: object): SseEvent {
  return sse(String(Reflect.get(body, 'type')), encode(body))
}

function sse(type: string, body: Buffer): SseEvent {
  const [event] = createSseReader({ maxEventBytes: 1 << 20 }).push(
    Buffer.concat([Buffer.from(`event: ${type.replaceAll(/[\r\n]/g, '')}\ndata: `), body, Buffer.from('\n\n')]),
  )
  assert.ok(event)
  return event
}
