import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSseReader } from '../sse.ts'
import { embeddings } from './format.ts'

const { parseRequest, parseResponse, replaceInResponse, createChunkReader } = embeddings

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function answer(...vectors: unknown[]) {
  const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding }))
  return { object: 'list', data, model: 'm', usage: { prompt_tokens: 3, total_tokens: 3 } }
}

function textsOf(body: unknown): string[] {
  const { parts, names } = parseResponse(encode(body))
  return [...parts, ...names].map(({ text }) => text).filter((text) => text !== 'm')
}

function packed(...numbers: number[]): string {
  return Buffer.from(new Float32Array(numbers).buffer).toString('base64')
}

test('every input is a document, and no token of an answer is asked for', () => {
  const { parts, maxOutputTokens, stream, choices } = parseRequest(encode({ model: 'm', input: ['One', 'Two'] }))
  assert.deepEqual(
    parts.map(({ path, text, channel }) => [path, text, channel]),
    [
      ['/input/0', 'One', 'document'],
      ['/input/1', 'Two', 'document'],
    ],
  )
  assert.deepEqual([maxOutputTokens, stream, choices], [0, false, 1])
})

test('an input in tokens is refused, or on record as not inspected', () => {
  for (const input of [
    [1, 2],
    [[1], [2]],
  ]) {
    const body = encode({ model: 'm', input })
    assert.throws(() => parseRequest(body), { code: 'opaque_content', param: 'input' })
    assert.equal(parseRequest(body, { tokens: 'any' }).uninspected[0]?.kind, 'tokens')
  }
  for (const input of [undefined, null, 1, {}, ['a', 1], [['a']]])
    assert.throws(() => parseRequest(encode({ model: 'm', input }), { tokens: 'any' }), { code: 'invalid_request' })
})

test('vectors are no text, in either encoding; usage is counted', () => {
  const response = parseResponse(encode(answer([0.5, -1e-9, 12], packed(...Array(32).fill(-1e-9)), [])))
  assert.deepEqual(response.parts, [])
  assert.deepEqual(
    response.names.map(({ path }) => path),
    ['/model'],
  )
  assert.deepEqual(response.usage, { promptTokens: 3, completionTokens: 0, cachedTokens: 0 })
  assert.equal(replaceInResponse(response, []), response.body)
})

test('whatever is a string in place of a number, or no vector in base64, is text', () => {
  const secret = 'the secret is AKIAIOSFODNN7EXAMPLQ.'
  const strings: unknown[] = [
    [0.5, secret],
    [[secret]],
    [{ [secret]: 1 }],
    secret,
    Buffer.from(secret.slice(0, 32)).toString('base64'),
    packed(Number.NaN),
    packed(1e30),
    `${packed(1)}\n`,
    packed(1).replace('=', ''),
    packed(1, 2, 3).slice(1),
    '!!!!',
  ]
  for (const vector of strings) assert.equal(textsOf(answer(vector)).length, 1, JSON.stringify(vector))
  assert.deepEqual(textsOf({ ...answer([1]), note: secret }), [secret, 'note'])
})

test('any vector of floats that models compute is one, and no readable text is', () => {
  const float = fc.float({ min: -65504, max: 65504, noNaN: true })
  fc.assert(
    fc.property(fc.array(float, { minLength: 32, maxLength: 200 }), (numbers) => {
      assert.deepEqual(textsOf(answer(packed(...numbers))), [])
    }),
  )
  // Of so few numbers that a word may look like them.
  fc.assert(
    fc.property(fc.array(float, { minLength: 1, maxLength: 31 }), (numbers) => {
      assert.equal(textsOf(answer(packed(...numbers))).length, 1)
    }),
  )
  const words = fc.array(fc.stringMatching(/^[a-z]{4}$/), { minLength: 1 })
  fc.assert(
    fc.property(words, (letters) => {
      const text = Buffer.from(letters.join('')).toString('base64')
      assert.deepEqual(textsOf(answer(text)), [text])
    }),
  )
})

test('an answer may hold more numbers than values may be in a body', () => {
  const vectors = Array.from({ length: 100 }, () => Array.from({ length: 1000 }, (_, i) => i / 1000))
  const { parts } = parseResponse(encode(answer(...vectors)), { maxAnswerValues: 2000 })
  assert.deepEqual(parts, [])
  assert.throws(
    () => parseResponse(encode(answer(...vectors.map((vector) => vector.map(String)))), { maxAnswerValues: 2000 }),
    {
      status: 502,
    },
  )
})

test('a stream in place of an answer is the upstream’s fault', () => {
  const [event] = createSseReader({ maxEventBytes: 100 }).push(Buffer.from('data: {}\n\n'))
  assert.ok(event)
  assert.throws(() => createChunkReader()(event), { code: 'invalid_response', status: 502 })
})
