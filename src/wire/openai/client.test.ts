// The official client library against this room: what it sends is accepted, and what we write it understands.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import OpenAI, { APIError } from 'openai'
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import type { ModelRequest } from '../format.ts'
import { createMemory } from '../reader.ts'
import { createSseReader } from '../sse.ts'
import { replaceDeltas } from '../stream.ts'
import { parseChatRequest } from './chat-request.ts'
import { parseChatChunk } from './chat-stream.ts'
import { deltaEvent } from './delta-event.ts'
import { errorEvent, openAiError } from './error-body.ts'

type Answer = (request: ModelRequest) => { status?: number; type?: string; body: string | Uint8Array }

/** Runs `use` with a client whose server answers by `answer`; returns the requests that came, read by this room. */
async function withClient(answer: Answer, use: (client: OpenAI) => Promise<unknown>): Promise<ModelRequest[]> {
  const requests: ModelRequest[] = []
  const server = createServer(async (incoming, outgoing) => {
    const request = parseChatRequest(await buffer(incoming))
    requests.push(request)
    const { status = 200, type = 'application/json', body } = answer(request)
    outgoing.writeHead(status, { 'content-type': type }).end(body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  try {
    await use(new OpenAI({ apiKey: 'x', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 }))
  } finally {
    server.close()
    server.closeAllConnections()
  }
  return requests
}

const messages = [{ role: 'user', content: 'Weather in Oslo?' }] as const
const model = 'gpt-4o'
const envelope = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model }

function whole(message: object, finish_reason = 'stop'): string {
  const choice = {
    index: 0,
    finish_reason,
    logprobs: null,
    message: { role: 'assistant', content: null, refusal: null, ...message },
  }
  return JSON.stringify({ ...envelope, object: 'chat.completion', choices: [choice] })
}

function streamed(...deltas: object[]): Buffer {
  const events = deltas.map((delta) => ({ ...envelope, choices: [{ index: 0, delta, finish_reason: null }] }))
  const last = { ...envelope, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
  return Buffer.from(
    `${[...events, last].map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`,
  )
}

const eventStream = 'text/event-stream'

test('what the client sends for a plain request and a stream is accepted', async () => {
  const requests = await withClient(
    ({ stream }) =>
      stream
        ? { type: eventStream, body: streamed({ role: 'assistant', content: 'Cold' }) }
        : { body: whole({ content: 'Cold' }) },
    async (client) => {
      const answer = await client.chat.completions.create({ model, messages: [...messages] })
      assert.equal(answer.choices[0]?.message.content, 'Cold')
      const stream = client.chat.completions.stream({
        model,
        messages: [...messages],
        stream_options: { include_usage: true },
      })
      assert.equal(await stream.finalContent(), 'Cold')
    },
  )
  assert.deepEqual(
    requests.map(({ stream, includeUsage }) => [stream, includeUsage]),
    [
      [false, false],
      [true, true],
    ],
  )
  for (const { parts } of requests)
    assert.deepEqual(
      parts.map(({ text }) => text),
      ['Weather in Oslo?'],
    )
})

test('what its helper for running tools sends, with answers and results, is accepted', async () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }
  const parameters = z.object({ city: z.string().describe('Where') })
  const requests = await withClient(
    ({ parts }) =>
      parts.some(({ channel }) => channel === 'tool_result')
        ? { body: whole({ content: 'It is cold', annotations: [] }) }
        : { body: whole({ tool_calls: [call] }, 'tool_calls') },
    async (client) => {
      const tool = zodFunction({
        name: 'weather',
        description: 'Tells it',
        parameters,
        function: ({ city }) => `Cold in ${city}`,
      })
      const runner = client.chat.completions.runTools({ model, messages: [...messages], tools: [tool] })
      assert.equal(await runner.finalContent(), 'It is cold')
    },
  )
  const seen = requests.at(-1)?.parts.map(({ channel, tool, text }) => `${channel} ${tool}: ${text}`) ?? []
  for (const expected of [
    'tool_definition weather: Tells it',
    'tool_definition weather: city',
    'tool_definition weather: Where',
    'tool_call weather: {"city":"Oslo"}',
    'tool_result weather: Cold in Oslo',
  ]) {
    assert.ok(seen.includes(expected), `${expected} in\n${seen.join('\n')}`)
  }
})

test('what its helper for structured output sends, and sends back, is accepted', async () => {
  const response_format = zodResponseFormat(
    z.object({ degrees: z.number(), words: z.array(z.string()).nullable() }),
    'weather',
  )
  const requests = await withClient(
    () => ({ body: whole({ content: '{"degrees":7,"words":["grey"]}' }) }),
    async (client) => {
      const first = await client.chat.completions.parse({ model, messages: [...messages], response_format })
      const message = first.choices[0]?.message
      assert.equal(message?.parsed?.degrees, 7)
      await client.chat.completions.parse({ model, messages: [...messages, message], response_format })
    },
  )
  const parts = requests.at(-1)?.parts ?? []
  assert.ok(parts.some(({ path, text }) => path === '/messages/1/parsed/words/0' && text === 'grey'))
  assert.ok(parts.some(({ channel, text }) => channel === 'tool_definition' && text === 'degrees'))
})

test('a stream with changed deltas and events for held text reads as the text that was meant', async () => {
  const arguments_ = ['{"to":', '"[EMAIL_', 'abcd2345]"}']
  const calls = arguments_.map((piece, i) => ({
    tool_calls: [
      {
        index: 0,
        ...(i === 0 && { id: 'call_1', type: 'function' }),
        function: { ...(i === 0 && { name: 'mail' }), arguments: piece },
      },
    ],
  }))
  const upstream = streamed({ role: 'assistant', content: 'To [EMAIL_abcd' }, { content: '2345] now' }, ...calls)
  await withClient(
    () => ({ type: eventStream, body: rewrite(upstream) }),
    async (client) => {
      const answer = await client.chat.completions.stream({ model, messages: [...messages] }).finalChatCompletion()
      const message = answer.choices[0]?.message
      assert.equal(message?.content, 'To a@b.example now')
      const call = message?.tool_calls?.[0]
      assert.deepEqual(call?.type === 'function' && [call.id, call.function.name, call.function.arguments], [
        'call_1',
        'mail',
        '{"to":"a@b.example"}',
      ])
    },
  )
})

/** Holds everything of a lane back until its last chunk, then restores the placeholder: the worst case of holding. */
function rewrite(stream: Buffer): Buffer {
  const memory = createMemory()
  const chunks = createSseReader({ maxEventBytes: 1 << 20 })
    .push(stream)
    .map((event) => parseChatChunk(event, memory))
  const held = new Map<string, string>()
  const output: Uint8Array[] = []
  for (const chunk of chunks) {
    if (chunk.finished.length > 0) {
      for (const [lane, text] of held) {
        const template = chunks.findLast(({ deltas }) => deltas.some((delta) => delta.lane === lane))
        if (template) output.push(deltaEvent(template, lane, text.replaceAll('[EMAIL_abcd2345]', 'a@b.example')))
      }
    }
    for (const { lane, text, isWhole } of chunk.deltas) if (!isWhole) held.set(lane, (held.get(lane) ?? '') + text)
    output.push(
      replaceDeltas(
        chunk,
        chunk.deltas.map(({ isWhole, text }) => (isWhole ? text : '')),
      ),
    )
  }
  return Buffer.concat(output)
}

test('our errors are raised by the client as the exceptions that fit', async () => {
  const cases: [number, string, new (...args: never[]) => APIError][] = [
    [400, 'unknown_content', OpenAI.BadRequestError],
    [401, 'missing_key', OpenAI.AuthenticationError],
    [403, 'denied', OpenAI.PermissionDeniedError],
    [429, 'rate_limit', OpenAI.RateLimitError],
    [502, 'invalid_response', OpenAI.InternalServerError],
  ]
  for (const [status, code, kind] of cases) {
    await withClient(
      () => ({ status, body: openAiError({ status, code, message: 'No.', param: 'messages[0]' }) }),
      async (client) => {
        const call = client.chat.completions.create({ model, messages: [...messages] })
        await assert.rejects(
          call,
          (error) => error instanceof kind && error.code === code && error.param === 'messages[0]',
        )
      },
    )
  }
})

test('an error event in the middle of a stream is raised by the client', async () => {
  const [first] = createSseReader({ maxEventBytes: 1 << 20 }).push(streamed({ content: 'Hi' }))
  assert.ok(first)
  const body = Buffer.concat([first.raw, errorEvent({ status: 403, code: 'blocked', message: 'Stopped.' })])
  await withClient(
    () => ({ type: eventStream, body }),
    async (client) => {
      const stream = await client.chat.completions.create({ model, messages: [...messages], stream: true })
      const read = async () => {
        for await (const chunk of stream) assert.equal(chunk.choices[0]?.delta.content, 'Hi')
      }
      await assert.rejects(read, (error) => error instanceof APIError && error.code === 'blocked')
    },
  )
})
