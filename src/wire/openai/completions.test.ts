import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StreamChunk } from '../format.ts'
import { createSseReader } from '../sse.ts'
import { completions } from './format.ts'

const { parseRequest, parseResponse, replaceInResponse, createChunkReader, replaceDeltas, deltaEvent } = completions
const envelope = { id: 'cmpl-1', object: 'text_completion', created: 1, model: 'm' }

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function ask(fields: object, options = {}) {
  return parseRequest(encode({ model: 'm', prompt: 'Hi', ...fields }), options)
}

function choice(index: number, text: string, rest: object = {}) {
  return { index, text, logprobs: null, finish_reason: null, ...rest }
}

function answer(...choices: object[]) {
  return { ...envelope, choices }
}

function event(...choices: object[]): string {
  return `data: ${JSON.stringify(answer(...choices))}\n\n`
}

function read(stream: string): StreamChunk[] {
  return createSseReader({ maxEventBytes: 1 << 20 })
    .push(Buffer.from(stream))
    .map(createChunkReader())
}

test('every prompt and the suffix are parts, where they are', () => {
  const { parts, stream, model } = ask({ prompt: ['One', 'Two'], suffix: 'Three', stream: true })
  assert.deepEqual(
    parts.map(({ path, text, channel }) => [path, text, channel]),
    [
      ['/prompt/0', 'One', 'user'],
      ['/prompt/1', 'Two', 'user'],
      ['/suffix', 'Three', 'user'],
    ],
  )
  assert.deepEqual([stream, model], [true, 'm'])
})

test('answers are counted as they are paid for: the best of so many, for each prompt', () => {
  const cases: [object, number][] = [
    [{}, 1],
    [{ prompt: null }, 1],
    [{ prompt: [] }, 1],
    [{ n: 2 }, 2],
    [{ n: 2, best_of: 5 }, 5],
    [{ n: 2, prompt: ['a', 'b', 'c'] }, 6],
    [{ best_of: 4, prompt: [1, 2, 3] }, 4],
    [{ n: 2, prompt: [[1, 2], [3]] }, 4],
  ]
  for (const [fields, choices] of cases)
    assert.equal(ask(fields, { tokens: 'any' }).choices, choices, JSON.stringify(fields))
  for (const fields of [{ n: 0 }, { n: 17 }, { best_of: 17 }, { best_of: 1.5 }, { n: '2' }])
    assert.throws(() => ask(fields), { code: 'invalid_request', status: 400 }, JSON.stringify(fields))
})

test('a prompt in tokens is refused, or on record as not inspected', () => {
  for (const prompt of [[1], [1, 2], [[1], [2]], [[]]]) {
    assert.throws(() => ask({ prompt }), { code: 'opaque_content', param: 'prompt' }, JSON.stringify(prompt))
    const { uninspected } = ask({ prompt }, { tokens: 'any' })
    assert.deepEqual(
      uninspected.map(({ path, kind }) => [path, kind]),
      [['/prompt', 'tokens']],
    )
  }
  for (const prompt of [['a', 1], [1, 'a'], [['a']], [[1], 'a'], [null], [{}], {}, 1, true])
    assert.throws(() => ask({ prompt }, { tokens: 'any' }), { code: 'invalid_request' }, JSON.stringify(prompt))
})

test('log probabilities of a stream are refused, or dropped from it', () => {
  for (const logprobs of [0, 5])
    assert.throws(() => ask({ stream: true, logprobs }), { code: 'opaque_content', param: 'logprobs' })
  ask({ stream: true, logprobs: null })
  ask({ logprobs: 5 })
  ask({ stream: true, logprobs: 5 }, { streamedLogprobs: 'drop' })
  const [chunk] = read(event(choice(0, 'a', { logprobs: { tokens: ['secret'] } })))
  assert.ok(chunk)
  assert.doesNotMatch(String(replaceDeltas(chunk)), /secret/)
})

test('log probabilities pass while they spell the text, and are removed when they or the text say something else', () => {
  const spelled = {
    tokens: ['a ', 'b'],
    token_logprobs: [null, -1],
    text_offset: [0, 2],
    top_logprobs: [null, { c: -1 }],
  }
  const [a, b] = [...Buffer.from('é')].map((byte) => `bytes:\\x${byte.toString(16)}`)
  const harmless: [string, object][] = [
    ['a b', spelled],
    ['a b', { ...spelled, top_logprobs: null }],
    ['é', { tokens: [a, b] }],
  ]
  for (const [text, logprobs] of harmless) {
    const response = parseResponse(encode(answer(choice(0, text, { logprobs }))))
    assert.equal(replaceInResponse(response, []), response.body, JSON.stringify(logprobs))
  }
  const lies: unknown[] = [
    { ...spelled, tokens: ['a ', 'secret'] },
    { ...spelled, tokens: ['a '] },
    { ...spelled, tokens: ['a ', 7] },
    { ...spelled, tokens: 'a b' },
    { ...spelled, text_offset: [0, 'secret'] },
    { ...spelled, token_logprobs: ['secret'] },
    { ...spelled, top_logprobs: [{ a: 'secret' }] },
    { ...spelled, top_logprobs: ['secret'] },
    { ...spelled, secret: null },
    { ...spelled, note: 'secret' },
    ['secret'],
    'secret',
  ]
  for (const logprobs of lies) {
    const response = parseResponse(encode(answer(choice(0, 'a b', { logprobs }))))
    const result = JSON.parse(String(Buffer.from(replaceInResponse(response, []))))
    assert.equal(result.choices[0].logprobs, null, JSON.stringify(logprobs))
  }
  const response = parseResponse(encode(answer(choice(0, 'a b', { logprobs: spelled }))))
  const alternative = response.parts.find(({ text }) => text === 'c')
  assert.equal(alternative?.path, '/choices/0/logprobs/top_logprobs/1/c~key')
  const result = JSON.parse(String(Buffer.from(replaceInResponse(response, [{ part: alternative, text: 'd' }]))))
  assert.equal(result.choices[0].logprobs, null)
})

test('each choice of a stream is a lane, which ends with its finish_reason', () => {
  const chunks = read(
    `${event(choice(0, 'a'), choice(1, 'b')) + event(choice(1, '', { finish_reason: 'stop' }))}data: [DONE]\n\n`,
  )
  assert.deepEqual(
    chunks.map(({ deltas, finished, isDone }) => [deltas.map(({ lane, text }) => [lane, text]), finished, isDone]),
    [
      [
        [
          ['0:text', 'a'],
          ['1:text', 'b'],
        ],
        [],
        false,
      ],
      [[], [1], false],
      [[], [], true],
    ],
  )
})

test('text that was held back goes out in an event like its last one', () => {
  const [chunk] = read(event(choice(1, 'held')))
  assert.ok(chunk)
  const [again] = read(String(deltaEvent(chunk, '1:text', 'rest')))
  assert.deepEqual(
    again?.deltas.map(({ lane, text }) => [lane, text]),
    [['1:text', 'rest']],
  )
  assert.deepEqual(JSON.parse(String(again?.event.data)), {
    ...envelope,
    choices: [{ index: 1, text: 'rest', finish_reason: null }],
  })
})

test('a stream that is not changed keeps its bytes, wherever it is cut', () => {
  const pieces = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.nat({ max: 2 })), { maxLength: 8 })
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(), { maxLength: 5 }), (texts, cuts) => {
      const stream = Buffer.from(`${texts.map(([text, index]) => event(choice(index, text))).join('')}data: [DONE]\n\n`)
      const reader = createSseReader({ maxEventBytes: 1 << 20 })
      const readChunk = createChunkReader()
      const at = [0, ...cuts.map((cut) => cut % stream.length).sort((a, b) => a - b), stream.length]
      const events = at.slice(1).flatMap((end, i) => reader.push(stream.subarray(at[i], end)))
      const chunks = [...events, ...reader.end()].map(readChunk)
      assert.deepEqual(Buffer.concat(chunks.map((chunk) => replaceDeltas(chunk))), stream)
      assert.deepEqual(
        chunks.flatMap(({ deltas }) => deltas.map(({ lane, text }) => [lane, text])),
        texts.flatMap(([text, index]) => (text === '' ? [] : [[`${index}:text`, text]])),
      )
    }),
  )
})
