import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StreamChunk } from './format.ts'
import { createChatReader, parseChatChunk } from './openai/chat-stream.ts'
import { deltaEvent } from './openai/delta-event.ts'
import { createMemory } from './reader.ts'
import { createSseReader } from './sse.ts'
import { replaceDeltas } from './stream.ts'

const plain = (delta: object, rest: object = {}, index = 0) =>
  JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index, delta, ...rest }] })

const texts = fc.oneof(
  fc.constantFrom('', ' word', 'the', '"', '\\', '\\"', 'é', '\u2028', '👩‍🚀', '"},"x":{"y":"'),
  fc.string(),
)

const events = fc.array(
  fc.oneof(
    fc.tuple(texts, fc.nat({ max: 2 })).map(([content, index]) => plain({ content }, {}, index)),
    texts.map((content) => plain({ role: 'assistant', content })),
    texts.map((refusal) => plain({ refusal })),
    fc
      .tuple(texts, fc.nat({ max: 2 }))
      .map(([text, index]) => plain({ tool_calls: [{ index, function: { arguments: text } }] })),
    fc.tuple(texts, texts).map(([content, note]) => plain({ content, note })),
    texts.map((content) => plain({ content }, { finish_reason: 'stop' })),
    texts.map((content) =>
      plain({ content }, { logprobs: { content: [{ token: content, logprob: 0, bytes: null, top_logprobs: [] }] } }),
    ),
    texts.map(
      (text) => `{"choices":[{"index":0,"delta":{"content":${JSON.stringify(text).replaceAll('a', '\\u0061')}}}]}`,
    ),
  ),
  { maxLength: 20 },
)

test('every event is read as the parser reads it, whatever came before', () => {
  fc.assert(
    fc.property(events, (data) => {
      const read = createChatReader()
      const memory = createMemory()
      const sse = createSseReader({ maxEventBytes: 1 << 20 })
      for (const event of sse.push(Buffer.from(data.map((each) => `data: ${each}\n\n`).join('')))) {
        const chunk = read(event)
        const expected = parseChatChunk(event, memory)
        assert.deepEqual(summary(chunk), summary(expected))
        const changed = chunk.deltas.map((_, at) => `changed ${at} "`)
        assert.deepEqual(replaceDeltas(chunk, changed), replaceDeltas(expected, changed))
        for (const { lane, isWhole } of chunk.deltas)
          if (!isWhole) assert.deepEqual(deltaEvent(chunk, lane, 'tail'), deltaEvent(expected, lane, 'tail'))
      }
    }),
    { numRuns: 500 },
  )
})

test('an event that breaks out of its string is left to the parser, which refuses or reads all of it', () => {
  const read = createChatReader()
  const sse = createSseReader({ maxEventBytes: 1 << 20 })
  const [first, second] = sse.push(
    Buffer.from(
      `data: ${plain({ content: 'a' })}\n\ndata: ${plain({ content: 'PLACE' }).replace('PLACE', 'a","secret":"b')}\n\n`,
    ),
  )
  assert.ok(first && second)
  read(first)
  assert.deepEqual(
    read(second).deltas.map(({ lane, text }) => [lane, text]),
    [
      ['0:content', 'a'],
      ['0:secret', 'b'],
    ],
  )
})

function summary({ event, deltas, finished, usage, isDone, logprobs }: StreamChunk) {
  return {
    raw: event.raw,
    deltas: deltas.map(({ path, role, channel, contentType, tool, choice, lane, text, isWhole, start, end }) => {
      return { path, role, channel, contentType, tool, choice, lane, text, isWhole, start, end }
    }),
    finished,
    usage,
    isDone,
    logprobs,
  }
}

test('the names around a text are told once, with the first chunk that has them', () => {
  const read = createChatReader()
  const [first, second, third] = createSseReader({ maxEventBytes: 1 << 20 })
    .push(Buffer.from(`${['a', 'b'].map((content) => `data: ${plain({ content })}\n\n`).join('')}data: {"id":"d"}\n\n`))
    .map((event) => read(event).names.map(({ text }) => text))
  assert.deepEqual([first, second, third], [['c'], [], ['d']])
})
