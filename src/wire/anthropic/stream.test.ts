import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { permissive as options } from '../canaries.ts'
import { WireError } from '../errors.ts'
import type { StreamChunk } from '../format.ts'
import { createSseReader } from '../sse.ts'
import { replaceDeltas } from '../stream.ts'
import { messageDelta } from './delta-event.ts'
import { situations } from './every-answer.ts'
import { createMessageReader } from './stream.ts'

type Body = { readonly type: string; readonly [field: string]: unknown }

const begin = { type: 'message_start', message: { content: [], usage: { input_tokens: 10, output_tokens: 1 } } }
const start = (block: Body, index = 0) => ({ type: 'content_block_start', index, content_block: block })
const piece = (delta: Body, index = 0) => ({ type: 'content_block_delta', index, delta })
const stop = (index = 0) => ({ type: 'content_block_stop', index })

function bytesOf(bodies: readonly Body[]): Buffer {
  return Buffer.from(bodies.map((body) => `event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`).join(''))
}

function read(...bodies: readonly Body[]): StreamChunk[] {
  return createSseReader({ maxEventBytes: 1 << 16 })
    .push(bytesOf(bodies))
    .map(createMessageReader(options))
}

test('the texts of a block are lanes of its index, and what is no piece of a text is whole', () => {
  const chunks = read(
    begin,
    start({ type: 'text', text: 'Hi' }),
    piece({ type: 'text_delta', text: ' you' }),
    piece({ type: 'citations_delta', citation: { type: 'char_location', cited_text: 'so' } }),
    stop(),
    start({ type: 'tool_use', id: 'toolu_1', name: 'find', toolset_name: 'browser', input: {} }, 1),
    piece({ type: 'input_json_delta', partial_json: '{"a' }, 1),
    stop(1),
    start({ type: 'thinking', thinking: '', signature: '' }, 2),
    piece({ type: 'thinking_delta', thinking: 'Hm' }, 2),
    piece({ type: 'signature_delta', signature: 'c2ln' }, 2),
  )
  const deltas = chunks.flatMap((chunk) => chunk.deltas)
  assert.deepEqual(
    deltas.map(({ lane, text, isWhole, contentType, tool, signed }) => [
      lane,
      text,
      isWhole,
      contentType,
      tool,
      signed,
    ]),
    [
      ['0:text', 'Hi', false, 'text', undefined, undefined],
      ['0:text', ' you', false, 'text', undefined, undefined],
      ['0:citation/cited_text', 'so', true, 'text', undefined, undefined],
      ['1:name', 'find', true, 'text', 'browser_find', undefined],
      ['1:partial_json', '{"a', false, 'json', 'browser_find', undefined],
      ['2:thinking', 'Hm', false, 'text', undefined, 'text'],
      ['2:signature', 'c2ln', true, 'text', undefined, 'seal'],
    ],
  )
  assert.deepEqual(
    chunks.map(({ finished }) => finished),
    [[], [], [], [], [0], [], [], [1], [], [], [2]],
  )
})

test('usage adds up over the events: each count replaces the one before', () => {
  const chunks = read(
    { ...begin, message: { content: [], usage: { input_tokens: 10, cache_read_input_tokens: 3, output_tokens: 1 } } },
    { type: 'message_delta', delta: {}, usage: { input_tokens: null, output_tokens: 20 } },
    { type: 'message_stop' },
  )
  assert.deepEqual(
    chunks.map(({ usage }) => usage),
    [
      { promptTokens: 13, completionTokens: 1, cachedTokens: 3 },
      { promptTokens: 13, completionTokens: 20, cachedTokens: 3 },
      undefined,
    ],
  )
  assert.deepEqual(
    chunks.map(({ isDone }) => isDone),
    [false, false, true],
  )
})

test('held text continues its lane in an event that its block can take', () => {
  const template = (block: Body, delta: Body) => read(begin, start(block), piece(delta)).at(-1)
  const cases: [block: Body, delta: Body, lane: string, wanted: Body][] = [
    [{ type: 'text', text: '' }, { type: 'text_delta', text: 'a' }, '0:text', { type: 'text_delta', text: 'é"' }],
    [
      { type: 'tool_use', name: 'x' },
      { type: 'input_json_delta', partial_json: '{' },
      '0:partial_json',
      { type: 'input_json_delta', partial_json: 'é"' },
    ],
    [
      { type: 'thinking' },
      { type: 'thinking_delta', thinking: 'a' },
      '0:thinking',
      { type: 'thinking_delta', thinking: 'é"' },
    ],
    [
      { type: 'new_kind' },
      { type: 'new_delta', more: 'x', deep: [{ type: 'inner', 'a/b': 'a', other: 'y' }] },
      '0:deep/0/a~1b',
      { type: 'new_delta', deep: [{ type: 'inner', 'a/b': 'é"' }] },
    ],
  ]
  for (const [block, delta, lane, wanted] of cases) {
    const chunk = template(block, delta)
    assert.ok(chunk)
    const event = messageDelta(chunk, lane, 'é"').toString()
    assert.equal(event.split('\n')[0], 'event: content_block_delta')
    assert.deepEqual(JSON.parse(event.slice(event.indexOf('{'))), {
      type: 'content_block_delta',
      index: 0,
      delta: wanted,
    })
    assert.throws(() => messageDelta(chunk, '7:text', 'x'), { code: 'misplaced_edit' })
  }
  const [, started] = read(begin, start({ type: 'text', text: 'Hi' }))
  assert.ok(started)
  assert.match(messageDelta(started, '0:text', 'x').toString(), /"delta":\{"type":"text_delta","text":"x"\}/)
})

test('a call may begin with its arguments, which stay JSON when they are changed', () => {
  const [, chunk] = read(begin, start({ type: 'tool_use', id: 'toolu_1', name: 'find', input: { who: 'ä' } }))
  assert.ok(chunk)
  assert.deepEqual(
    chunk.deltas.map(({ lane, text, isWhole, contentType }) => [lane, text, isWhole, contentType]),
    [
      ['0:name', 'find', true, 'text'],
      ['0:input', '{"who":"ä"}', true, 'json'],
    ],
  )
  const changed = Buffer.from(replaceDeltas(chunk, [undefined, '{"who":"ö"}'])).toString()
  assert.deepEqual(JSON.parse(changed.slice(changed.indexOf('{'))).content_block.input, { who: 'ö' })
  assert.throws(() => replaceDeltas(chunk, [undefined, '{"who":[removed]}']), { code: 'invalid_response', status: 502 })
})

test('an event that looks like one before it is read again when its block has ended', () => {
  const text = { type: 'text_delta', text: 'again' }
  assert.throws(() => read(begin, start({ type: 'text' }), piece(text), piece(text), stop(), piece(text)), {
    code: 'invalid_response',
    status: 502,
  })
  const twice = start({ type: 'text', text: 'again' })
  assert.throws(() => read(begin, twice, stop(), twice), { code: 'invalid_response' })
})

test('a stream cut anywhere and damaged anywhere is read or refused, and what goes out can be read again', () => {
  const damage = fc.record({
    at: fc.nat(),
    removed: fc.nat(2),
    inserted: fc.constantFrom('', '"', '\\', '{', '}', '[', ':', ',', '\n', '\n\n', 'data: ', 'event: ', '0', 'e'),
  })
  fc.assert(
    fc.property(fc.constantFrom(...situations), fc.array(damage, { maxLength: 3 }), fc.nat(), (from, damages, cut) => {
      const bytes = damages.reduce<Buffer>(
        (all, { at, removed, inserted }) => {
          const position = at % all.length
          return Buffer.concat([all.subarray(0, position), Buffer.from(inserted), all.subarray(position + removed)])
        },
        bytesOf([...from.before, from.event].map((body) => ({ type: '', ...body }))),
      )
      try {
        const sse = createSseReader({ maxEventBytes: 1 << 16 })
        const at = cut % bytes.length
        const events = [...sse.push(bytes.subarray(0, at)), ...sse.push(bytes.subarray(at)), ...sse.end()]
        const [first, second] = [createMessageReader(options), createMessageReader(options)]
        for (const event of events) {
          const chunk = first(event)
          const sent = createSseReader({ maxEventBytes: 1 << 16 }).push(replaceDeltas(chunk))
          const again = sent.map(second)
          assert.deepEqual(
            again.flatMap(({ deltas }) => deltas.map(({ lane, text }) => [lane, text])),
            chunk.deltas.map(({ lane, text }) => [lane, text]),
          )
        }
      } catch (error) {
        assert.ok(error instanceof WireError, String(error instanceof Error ? error.stack : error))
      }
    }),
    { numRuns: 3000 },
  )
})
