// A log that fails, or takes its time: what is not on record is not served, and what waits for the record stays whole.
import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import { type LoggedExchange, openGateway } from './support/gateway.ts'
import { chat, chatRequest, connectRaw, sendRaw } from './support/raw.ts'
import { assertOpenAiError } from './support/refused.ts'
import { streamOf } from './support/upstream.ts'

/** What recording the next decision does, beside recording it. */
let hold: () => Promise<unknown> | undefined = () => undefined

const gateway = await openGateway({
  limits: { totalTimeout: 300 },
  change: ({ record }) => ({
    record: async (event) => {
      await hold()
      return record(event)
    },
  }),
})
after(() => gateway.close())
afterEach(() => {
  hold = () => undefined
  upstream.answer = usual
})
const patience = { timeout: 10_000 }
const { key, upstream } = gateway
const usual = upstream.answer
const models = chatRequest(key, {
  start: 'GET /v1/models HTTP/1.1',
  headers: { 'content-length': null, 'content-type': null },
  body: '',
})
const requests: Record<string, Uint8Array> = {
  'a chat': chatRequest(key),
  'a streamed chat': chatRequest(key, { body: chat('Hi.', { stream: true }) }),
  'the list of models': models,
  'a refusal': chatRequest('hold_evil'),
}

for (const [what, bytes] of Object.entries(requests)) {
  test(`when the log cannot be written, ${what} is not served`, patience, async () => {
    hold = () => Promise.reject(new Error('disk full'))
    const before = gateway.installation.log.size
    const response = await sendRaw(gateway.port, bytes)
    assertOpenAiError(response, 503, 'not_recorded', ['disk', 'Hello', 'test-model'])
    const isOurs = ({ exchange }: LoggedExchange) => exchange === response.headers.get('x-request-id')
    const entries = await gateway.entriesOnce(before, (found) => found.some(isOurs))
    const told = entries.filter(isOurs).map(({ phase, status, responseStatus }) => [phase, status, responseStatus])
    assert.deepEqual(told, [['outcome', 2, 503]])
    assert.doesNotMatch(gateway.reports.join(''), /an exchange failed/)
  })

  test(`when the log fails after the answer is there, ${what} is not served either`, patience, async () => {
    const writing = Promise.withResolvers<never>()
    const asked = Promise.withResolvers<void>()
    hold = () => {
      asked.resolve()
      return writing.promise
    }
    const connection = await connectRaw(gateway.port)
    connection.write(bytes)
    await asked.promise
    if (what !== 'a refusal') await answered()
    assert.equal(connection.received, '', 'not a byte leaves before the record is there')
    writing.reject(new Error('disk full'))
    assertOpenAiError(await connection.read(), 503, 'not_recorded', ['disk', 'Hello', 'test-model'])
    connection.socket.destroy()
  })

  test(`when the log is slow, ${what} waits for it and is then whole`, patience, async () => {
    const writing = Promise.withResolvers<void>()
    hold = () => writing.promise
    const connection = await connectRaw(gateway.port)
    connection.write(bytes)
    if (what !== 'a refusal') await answered()
    assert.equal(connection.received, '')
    writing.resolve()
    const response = await connection.read()
    assert.equal(response.status, what === 'a refusal' ? 401 : 200)
    assert.match(response.body, /Hello\.|test-model|invalid_api_key/)
    connection.socket.destroy()
  })
}

test('bytes that are no HTTP get no answer when the log cannot be written', patience, async () => {
  hold = () => Promise.reject(new Error('disk full'))
  const connection = await connectRaw(gateway.port)
  connection.write('garbage\r\n\r\n')
  await connection.closed
  assert.equal(connection.received, '')
})

test('a stream that breaks off while the log is slow becomes one clean error', patience, async () => {
  const writing = Promise.withResolvers<void>()
  hold = () => writing.promise
  upstream.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of streamOf(['Hello to all. ', 'Hello again. ']).slice(0, 3)) response.write(event)
    response.write('data: garbage\n\n')
  }
  const connection = await connectRaw(gateway.port)
  connection.write(requests['a streamed chat'] ?? '')
  await answered()
  writing.resolve()
  assertOpenAiError(await connection.read(), 502, 'invalid_response', ['Hello', 'garbage'])
  // Nothing of the stream is left behind to be taken for the next answer.
  upstream.answer = usual
  connection.write(chatRequest(key))
  assert.equal((await connection.read()).status, 200)
  connection.socket.destroy()
})

test('a log that never answers ends the exchange at its total time limit', patience, async () => {
  const writing = Promise.withResolvers<void>()
  hold = () => writing.promise
  const before = gateway.installation.log.size
  const connection = await connectRaw(gateway.port)
  connection.write(chatRequest(key))
  await connection.closed
  assert.equal(connection.received, '')
  writing.resolve()
  const isLate = ({ rule }: LoggedExchange) => rule === 'walk: total_timeout'
  const entries = await gateway.entriesOnce(before, (found) => found.some(isLate))
  assert.deepEqual(
    entries.filter(isLate).map(({ code, status }) => [code, status]),
    [['failed', 2]],
  )
})

test('a client that leaves while the log is slow ends the exchange', patience, async () => {
  const writing = Promise.withResolvers<void>()
  hold = () => writing.promise
  const before = gateway.installation.log.size
  const connection = await connectRaw(gateway.port)
  connection.write(chatRequest(key))
  await answered()
  connection.socket.destroy()
  hold = () => undefined
  await gateway.entriesOnce(before, (entries) => entries.some(({ code }) => code === 'client_hung_up'))
  writing.resolve()
})

/** Resolves when the upstream has sent an answer. */
async function answered(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const answer = upstream.answer
  upstream.answer = async (request, response) => {
    response.once('close', () => setImmediate(resolve))
    await answer(request, response)
    if (!response.writableEnded) setImmediate(resolve)
  }
  await promise
}
