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
import type { WireFormat } from '../format.ts'
import { createSseReader } from '../sse.ts'
import { chat as chatFields } from './every-field.ts'
import * as plainFields from './every-field-plain.ts'
import { chat, completions, embeddings } from './format.ts'

const IDENTIFIER = 'canary-4f1d'
const CARD = 4111111111111111
const LOGPROBS = '/choices/0/logprobs'

const formats = [
  { name: 'chat', format: chat, ...chatFields },
  { name: 'completions', format: completions, ...plainFields.completions },
  { name: 'embeddings', format: embeddings, ...plainFields.embeddings },
]

for (const { name, format, requests, answers, chunks } of formats) {
  testEveryField(`a request for ${name}`, requests, requestReader(format))
  testEveryField(`an answer of ${name}`, answers, answerReader(format))
  if (chunks.length > 0) testEveryField(`a chunk of ${name}`, chunks, chunkReader(format))

  test(`in a request for ${name} even a canary that looks like an identifier is a part`, () => {
    each('a request', requests, requestReader(format), [{}, inspecting])
  })

  test(`in answers of ${name} it is a part, or a name`, () => {
    each('an answer', answers, answerReader(format), [permissive])
    each('a chunk', chunks, chunkReader(format), [permissive])
  })

  test(`a request for ${name} with every field passes when its options allow it, and not otherwise`, () => {
    for (const body of requests) {
      const { parts, uninspected } = format.parseRequest(encode(body), permissive)
      assert.ok(parts.length + uninspected.length > 0)
    }
    for (const body of answers) format.parseResponse(encode(body), permissive)
    const opaque = name === 'chat' ? requests[0] : requests[2]
    assert.throws(() => format.parseRequest(encode(opaque ?? {})), WireError)
  })
}

test('an answer with audio in it is refused', () => {
  const [answer = {}] = chatFields.answers
  assert.throws(() => chat.parseResponse(encode(answer)), { code: 'opaque_content', status: 502 })
})

test('a long number in the free parts of a request is a part', () => {
  for (const path of [
    ['tools', 0, 'function', 'parameters', 'default'],
    ['metadata', 'card'],
    ['messages', 3, 'parsed'],
    ['zz_new'],
  ]) {
    const { parts } = chat.parseRequest(encode(withValue(chatFields.requests[0] ?? {}, path, CARD)), permissive)
    assert.ok(
      parts.some((part) => part.path === pointer(path) && part.text === String(CARD)),
      pointer(path),
    )
  }
})

/** In place of every string of the bodies, the canary that looks like an identifier. */
function each(name: string, bodies: readonly object[], read: Read, options: readonly (typeof permissive)[]): void {
  for (const body of bodies)
    for (const [steps] of strings(body))
      for (const allowed of options) check(name, read, withValue(body, steps, IDENTIFIER), steps, allowed, IDENTIFIER)
}

function requestReader(format: WireFormat): Read {
  return (body, options) => {
    const { parts, modelPart, uninspected } = format.parseRequest(body, options)
    return { parts: [...parts, modelPart], uninspected, removed: [] }
  }
}

function answerReader(format: WireFormat): Read {
  return (body, options) => {
    const { parts, names, logprobs, uninspected } = format.parseResponse(body, options)
    const removed = logprobs.some(({ repeatsText }) => !repeatsText) ? [LOGPROBS] : []
    return { parts: [...parts, ...names], uninspected, removed }
  }
}

function chunkReader(format: WireFormat): Read {
  return (body, options) => {
    const [event] = createSseReader({ maxEventBytes: 1 << 20 }).push(Buffer.from(`data: ${body}\n\n`))
    assert.ok(event)
    const { deltas, names, logprobs, uninspected } = format.createChunkReader(options)(event)
    return { parts: [...deltas, ...names], uninspected, removed: logprobs.length > 0 ? [LOGPROBS] : [] }
  }
}
