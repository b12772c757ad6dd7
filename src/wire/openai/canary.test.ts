// Every field of OpenAI's formats, with a canary in it.
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
import { createSseReader } from '../sse.ts'
import { parseChatRequest } from './chat-request.ts'
import { parseChatResponse } from './chat-response.ts'
import { parseChatChunk } from './chat-stream.ts'
import { answers, chunks, requests } from './every-field.ts'

const IDENTIFIER = 'canary-4f1d'
const CARD = 4111111111111111

const readRequest: Read = (body, options) => {
  const { parts, modelPart, uninspected } = parseChatRequest(body, options)
  return { parts: [...parts, modelPart], uninspected, removed: [] }
}

const readAnswer: Read = (body, options) => {
  const { parts, logprobs, uninspected } = parseChatResponse(body, options)
  return { parts, uninspected, removed: logprobs.some(({ repeatsText }) => !repeatsText) ? [LOGPROBS] : [] }
}

const readChunk: Read = (body, options) => {
  const [event] = createSseReader({ maxEventBytes: 1 << 20 }).push(Buffer.from(`data: ${body}\n\n`))
  assert.ok(event)
  const { deltas, logprobs, uninspected } = parseChatChunk(event, new Map(), options)
  return { parts: deltas, uninspected, removed: logprobs.length > 0 ? [LOGPROBS] : [] }
}

const LOGPROBS = '/choices/0/logprobs'

testEveryField('a request', requests, readRequest)
testEveryField('an answer', answers, readAnswer)
testEveryField('a chunk', chunks, readChunk)

test('a request with every field passes when its options allow it, and not otherwise', () => {
  for (const body of requests) assert.ok(parseChatRequest(encode(body), permissive).parts.length > 0)
  assert.throws(() => parseChatRequest(encode(requests[0] ?? {})), WireError)
  for (const body of answers) assert.ok(parseChatResponse(encode(body), permissive).parts.length > 0)
  assert.throws(() => parseChatResponse(encode(answers[0] ?? {})), { code: 'opaque_content', status: 502 })
})

test('in a request even a canary that looks like an identifier is a part', () => {
  for (const body of requests) {
    for (const [steps] of strings(body)) {
      const changed = withValue(body, steps, IDENTIFIER)
      for (const options of [{}, inspecting]) check('a request', readRequest, changed, steps, options, IDENTIFIER)
    }
  }
})

test('a long number in the free parts of a request is a part', () => {
  for (const path of [
    ['tools', 0, 'function', 'parameters', 'default'],
    ['metadata', 'card'],
    ['messages', 3, 'parsed'],
    ['zz_new'],
  ]) {
    const { parts } = parseChatRequest(encode(withValue(requests[0] ?? {}, path, CARD)), permissive)
    assert.ok(
      parts.some((part) => part.path === pointer(path) && part.text === String(CARD)),
      pointer(path),
    )
  }
})
