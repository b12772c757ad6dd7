import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StreamChunk } from '../format.ts'
import { createMemory, type Memory } from '../reader.ts'
import { createSseReader } from '../sse.ts'
import { replaceDeltas } from '../stream.ts'
import { parseChatChunk } from './chat-stream.ts'
import { deltaEvent } from './delta-event.ts'
import { errorEvent } from './error-body.ts'

const envelope = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o' }

function chunkOf(value: unknown, memory?: Memory): StreamChunk {
  return read(`data: ${JSON.stringify(value)}\n\n`, memory)
}

function read(text: string, memory?: Memory): StreamChunk {
  const reader = createSseReader({ maxEventBytes: 1 << 20 })
  const [event] = [...reader.push(Buffer.from(text)), ...reader.end()]
  assert.ok(event)
  return parseChatChunk(event, memory)
}

function delta(fields: object, index = 0) {
  return { ...envelope, choices: [{ index, delta: fields, finish_reason: null }] }
}

function lanes({ deltas }: StreamChunk) {
  return deltas.map(({ lane, text, isWhole }) => (isWhole ? [lane, text, 'whole'] : [lane, text]))
}

function dataOf(bytes: Uint8Array): unknown {
  const reader = createSseReader({ maxEventBytes: 1 << 20 })
  const events = [...reader.push(bytes), ...reader.end()]
  assert.equal(events.length, 1)
  return JSON.parse(String(events[0]?.data))
}

test('each field that streams text is a lane of its choice', () => {
  assert.deepEqual(lanes(chunkOf(delta({ role: 'assistant', content: 'Hi' }))), [['0:content', 'Hi']])
  assert.deepEqual(lanes(chunkOf(delta({ refusal: 'No' }, 2))), [['2:refusal', 'No']])
  assert.deepEqual(lanes(chunkOf(delta({ reasoning_content: 'Hm' }))), [['0:reasoning_content', 'Hm']])
  assert.deepEqual(lanes(chunkOf(delta({ function_call: { arguments: '{' } }))), [['0:function_call/arguments', '{']])
  assert.deepEqual(lanes(chunkOf(delta({ audio: { transcript: 'Hi' } }))), [['0:audio/transcript', 'Hi']])
  const both = { ...envelope, choices: [0, 1].map((index) => ({ index, delta: { content: `c${index}` } })) }
  assert.deepEqual(lanes(chunkOf(both)), [
    ['0:content', 'c0'],
    ['1:content', 'c1'],
  ])
})

test('a field that nobody knows is a lane too, wherever it is', () => {
  assert.deepEqual(lanes(chunkOf(delta({ thinking: 'Hm' }))), [['0:thinking', 'Hm']])
  assert.deepEqual(lanes(chunkOf(delta({ reasoning_details: [{ type: 'reasoning.text', text: 'Hm' }] }))), [
    ['0:reasoning_details/0/type', 'reasoning.text', 'whole'],
    ['0:reasoning_details/0/text', 'Hm'],
  ])
  assert.deepEqual(lanes(chunkOf({ ...envelope, choices: [], note: 'Hello you' })), [['/note', 'Hello you', 'whole']])
  assert.deepEqual(lanes(chunkOf({ error: { message: 'It broke' } })), [['/error/message', 'It broke', 'whole']])
})

test('pieces of a tool call share its index, and know its name after the first piece', () => {
  const names = createMemory()
  const call = (fields: object) => chunkOf(delta({ tool_calls: [{ index: 1, ...fields }] }), names)
  const first = call({ id: 'call_1', type: 'function', function: { name: 'mail', arguments: '' } })
  const second = call({ function: { arguments: '{"to"' } })
  assert.deepEqual(lanes(first), [['0:tool:1:name', 'mail', 'whole']])
  assert.deepEqual(lanes(second), [['0:tool:1:arguments', '{"to"']])
  assert.deepEqual(
    [second.deltas[0]?.tool, second.deltas[0]?.contentType, second.deltas[0]?.channel],
    ['mail', 'json', 'tool_call'],
  )
  const custom = call({ index: 0, custom: { name: 'shell', input: 'ls' } })
  assert.deepEqual(lanes(custom), [
    ['0:tool:0:name', 'shell', 'whole'],
    ['0:tool:0:input', 'ls'],
  ])
  assert.equal(custom.deltas[1]?.tool, 'shell')
})

test('finish reasons, token counts and the end are noticed', () => {
  const finish = chunkOf({
    ...envelope,
    choices: [0, 1].map((index) => ({ index, delta: {}, finish_reason: index ? 'stop' : null })),
  })
  assert.deepEqual(finish.finished, [1])
  const usage = chunkOf({ ...envelope, choices: [], usage: { prompt_tokens: 5, completion_tokens: 7 } })
  assert.deepEqual(usage.usage, { promptTokens: 5, completionTokens: 7, cachedTokens: 0 })
  assert.deepEqual(
    ['data: [DONE]\n\n', 'data:[DONE]\r\n\r\n', ': hi\n\n'].map((text) => read(text).isDone),
    [true, true, false],
  )
})

test('data that is neither JSON nor the end is an upstream fault', () => {
  for (const data of ['Hello', '[DONE] and more', '{"a":1}{', '[]', '7', '', '{"a":1,"a":2}', '{"a":"\\ud800"}']) {
    assert.throws(() => read(`data: ${data}\n\n`), { name: 'WireError', code: 'invalid_response', status: 502 }, data)
  }
})

test('an event that is not changed keeps its bytes as the same object', () => {
  const text = `event: message\r\ndata:{"choices" : [ {"delta":{"content":"\\u0048i"}} ]}\r\n\r\n`
  const chunk = read(text)
  assert.equal(replaceDeltas(chunk), chunk.event.raw)
  assert.equal(replaceDeltas(chunk, ['Hi']), chunk.event.raw)
  assert.equal(replaceDeltas(chunk, [undefined]), chunk.event.raw)
})

test('changed deltas are written into the event, also when its data has several lines', () => {
  const text = 'id: 4\ndata: {"choices":[{"index":0,\r\ndata:"delta":{"content":"one",\ndata:   "refusal":"two"}}]}\n\n'
  const chunk = read(text)
  assert.equal(
    Buffer.from(replaceDeltas(chunk, ['1', '2\n'])).toString(),
    text.replace('one', '1').replace('two', '2\\n'),
  )
})

test('whatever new text a delta gets, the event reads back with it', () => {
  const words = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(
      words,
      words,
      fc.constantFrom(undefined, 1),
      fc.constantFrom('\n', '\r\n', '\r'),
      (text, changed, indent, end) => {
        const json = JSON.stringify(delta({ content: `${text}.`, other: 1 }), null, indent)
        const chunk = read(
          `${json
            .split('\n')
            .map((line) => `data: ${line}${end}`)
            .join('')}${end}`,
        )
        assert.deepEqual(dataOf(replaceDeltas(chunk, [changed])), delta({ content: changed, other: 1 }))
      },
    ),
  )
})

test('comments, unknown fields and log probabilities are not forwarded', () => {
  const spread = '{"choices":[{"delta":{"content":"a"},"logprobs":{"content":\ndata: [{"token":"a"}]}}]}'
  assert.deepEqual(dataOf(replaceDeltas(read(`data: ${spread}\n\n`))), {
    choices: [{ delta: { content: 'a' }, logprobs: null }],
  })
  const commented = replaceDeltas(read(`: secret\ndata: ${spread}\nx: secret\nid: my secret\n\n`))
  assert.doesNotMatch(Buffer.from(commented).toString(), /secret/)
  assert.deepEqual(dataOf(commented), { choices: [{ delta: { content: 'a' }, logprobs: null }] })
  assert.equal(Buffer.from(replaceDeltas(read(': secret\n\n'))).toString(), ':\n\n')
})

test('an event cut short by the end of the stream is completed, so that nothing can run into it', () => {
  const end = Buffer.from(replaceDeltas(read('data: [DONE]'))).toString()
  assert.equal(end, 'data: [DONE]\n\n')
})

test('held text goes out in an event of its own, which says nothing else', () => {
  const call = { index: 3, id: 'call_1', type: 'function', function: { name: 'mail', arguments: '{"to' } }
  const template = chunkOf({
    ...envelope,
    system_fingerprint: 'fp_1',
    usage: { prompt_tokens: 1 },
    choices: [
      { index: 0, delta: { content: 'x' }, finish_reason: 'stop' },
      { index: 1, delta: { role: 'assistant', content: 'Hi', tool_calls: [call] }, finish_reason: 'tool_calls' },
    ],
  })
  const around = (fields: object) => ({
    ...envelope,
    system_fingerprint: 'fp_1',
    choices: [{ index: 1, delta: fields, finish_reason: null }],
  })
  assert.deepEqual(dataOf(deltaEvent(template, '1:content', ' there\n')), around({ content: ' there\n' }))
  const rest = { index: 3, type: 'function', function: { arguments: '":"a"}' } }
  assert.deepEqual(dataOf(deltaEvent(template, '1:tool:3:arguments', '":"a"}')), around({ tool_calls: [rest] }))
  assert.throws(() => deltaEvent(template, '2:content', 'x'), { code: 'misplaced_edit' })
})

test('an event for held text reads back as that lane and that text', () => {
  const name = fc.string({ unit: 'binary', minLength: 1 })
  fc.assert(
    fc.property(name, fc.string({ unit: 'binary', minLength: 1 }), fc.nat(3), (field, text, index) => {
      fc.pre(field !== 'delta')
      const template = chunkOf(delta({ [field]: { '~0/1': [{ deep: 'a b' }] } }, index))
      const lane = template.deltas.find((candidate) => candidate.text === 'a b')?.lane
      assert.ok(lane)
      const [again] = createSseReader({ maxEventBytes: 1 << 20 }).push(deltaEvent(template, lane, text))
      assert.ok(again)
      const found = parseChatChunk(again).deltas.find((candidate) => candidate.lane === lane)
      assert.equal(found?.text, text)
    }),
  )
})

test('an id that was changed as text does not come back in an event for held text', () => {
  const template = chunkOf({ ...delta({ content: 'Hi' }), id: 'mail a@b.example' })
  assert.doesNotMatch(deltaEvent(template, '0:content', 'x').toString(), /b\.example/)
})

test('an error event carries an OpenAI error object', () => {
  const event = errorEvent({ status: 403, code: 'blocked', message: 'Line one\nand two' })
  assert.deepEqual(dataOf(event), {
    error: { message: 'Line one\nand two', type: 'permission_error', param: null, code: 'blocked' },
  })
})

test('a piece of which it is not clear what it continues is refused', () => {
  const choice = (index: unknown, list: 'choices' | 'calls') =>
    list === 'choices'
      ? { choices: [{ index, delta: { content: 'x' } }] }
      : { choices: [{ index: 0, delta: { tool_calls: [{ index, function: { arguments: 'x' } }] } }] }
  const refusal = { code: 'invalid_response', status: 502 }
  for (const list of ['choices', 'calls'] as const) {
    for (const index of ['0', 1.5, -1, true, [0]]) assert.throws(() => chunkOf(choice(index, list)), refusal)
    const memory = createMemory()
    chunkOf(choice(0, list), memory)
    assert.throws(() => chunkOf(choice(undefined, list), memory), refusal, 'to some clients it is 0')
    assert.equal(chunkOf(choice(undefined, list)).deltas.length, 1, 'where none has an index, it is the position')
  }
})

test('a tool call has its name when its arguments begin, or never', () => {
  const call = (called: object) => ({
    choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: called }] } }],
  })
  const memory = createMemory()
  chunkOf(call({ arguments: '{"to":' }), memory)
  assert.equal(chunkOf(call({ arguments: '"x"}' }), memory).deltas[0]?.tool, undefined)
  assert.throws(() => chunkOf(call({ name: 'send_mail' }), memory), { code: 'invalid_response', status: 502 })
})
