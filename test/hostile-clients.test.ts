// Clients that are slow or leave: they do not keep a place, and the upstream is let go at once.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, test } from 'node:test'
import { type LoggedExchange, openGateway } from './support/gateway.ts'
import { chat, chatRequest, connectRaw, sendRaw } from './support/raw.ts'
import { answerOf, chunkedStreamHead, chunkOf, startRawUpstream } from './support/raw-upstream.ts'
import { assertOpenAiError } from './support/refused.ts'
import { completion, streamOf } from './support/upstream.ts'

const upstream = await startRawUpstream()
const gateway = await openGateway({
  url: upstream.url,
  limits: { headerTimeout: 200, bodyTimeout: 400 },
})
after(async () => {
  await gateway.close()
  await upstream.close()
})
const patience = { timeout: 15_000 }
const atOnce = { ...patience, concurrency: true }
const { key } = gateway
const streaming = chatRequest(key, { body: chat('Hi.', { stream: true }) })
const [role = '', hello = ''] = streamOf(['Hello to all of you. '])

/** What a client sends, and goes on sending. */
const slow: Record<string, [begin: string | Uint8Array, drip?: string]> = {
  'sends nothing': [''],
  'sends half a request line': ['POST /v1/chat'],
  'sends headers without end': ['POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n', 'X-A: a\r\n'],
  'sends its body a byte at a time': [chatRequest(key, { headers: { 'content-length': '1000' }, body: '' }), ' '],
  'sends its body in chunks of a byte': [
    chatRequest(key, { headers: { 'content-length': null, 'transfer-encoding': 'chunked' }, body: '' }),
    '1\r\n \r\n',
  ],
  'sends a second request a byte at a time': [
    Buffer.concat([chatRequest(key, { start: 'GET /nothing HTTP/1.1', body: '' }), Buffer.from('GET /')]),
    'a',
  ],
}

test('clients that are too slow are told so in time, each is on record once, and closed', atOnce, async (t) => {
  const before = gateway.installation.log.size
  await Promise.all(
    Object.entries(slow).map(([what, [begin, drip]]) =>
      t.test(`one that ${what}`, patience, async () => {
        const connection = await connectRaw(gateway.port)
        connection.write(begin)
        const timer = drip === undefined ? undefined : setInterval(() => connection.write(drip), 50)
        if (what.includes('second')) assert.equal((await connection.read()).status, 404)
        const response = await connection.read()
        await connection.closed
        clearInterval(timer)
        assertOpenAiError(response, 408, 'request_timeout')
        assert.equal(connection.received, '')
      }),
    ),
  )
  await assertServes()
  const late = (await gateway.entries(before)).filter(({ code }) => code === 'request_timeout')
  assert.equal(late.filter(({ phase }) => phase === 'decision').length, Object.keys(slow).length)
  for (const { status, scan, responseStatus } of late)
    assert.deepEqual([status, scan, responseStatus], [2, 'not_scanned', 408])
})

test('more time for the head than for all of a request is no reason not to start', patience, async () => {
  const odd = await openGateway({ limits: { headerTimeout: 500, bodyTimeout: 100 } })
  await odd.close()
})

const leaving: Record<string, (socket: Socket) => void> = {
  closes: (socket) => socket.destroy(),
  resets: (socket) => socket.resetAndDestroy(),
  'closes its side': (socket) => socket.end(),
}
for (const [what, leave] of Object.entries(leaving)) {
  test(`a client that ${what} in the middle of its body is on record, and nothing is forwarded`, patience, async () => {
    const before = gateway.installation.log.size
    const forwarded = upstream.received.length
    const connection = await connectRaw(gateway.port)
    connection.write(chatRequest(key).subarray(0, -10))
    await nextTurns()
    leave(connection.socket)
    const isOurs = ({ code }: LoggedExchange) => code === 'incomplete_request' || code === 'not_inspected'
    const entries = await gateway.entriesOnce(before, (found) => found.filter(isOurs).length === 2)
    assert.deepEqual(
      entries.filter(isOurs).map(({ phase, code, status, scan }) => [phase, code, status, scan]),
      [
        ['decision', 'incomplete_request', 2, 'not_scanned'],
        ['outcome', 'incomplete_request', 2, 'not_scanned'],
      ],
    )
    assert.equal(upstream.received.length, forwarded)
    connection.socket.destroy()
    await assertServes()
  })

  if (what === 'closes its side') continue
  test(`a client that ${what} in the middle of a stream lets the upstream go at once`, patience, async () => {
    const before = gateway.installation.log.size
    upstream.answer = (socket) => socket.write(chunkedStreamHead + chunkOf(role) + chunkOf(hello))
    const connection = await connectRaw(gateway.port)
    connection.write(streaming)
    await connection.until('Hello to')
    leave(connection.socket)
    await upstream.idle()
    await gateway.entriesOnce(before, (found) => found.some(({ code }) => code === 'client_hung_up'))
    await assertServes()
  })

  test(`a client that ${what} before the upstream has answered lets it go at once`, patience, async () => {
    const before = gateway.installation.log.size
    const asked = Promise.withResolvers<void>()
    upstream.answer = () => asked.resolve()
    const connection = await connectRaw(gateway.port)
    connection.write(chatRequest(key))
    await asked.promise
    leave(connection.socket)
    await upstream.idle()
    await gateway.entriesOnce(before, (found) => found.some(({ code }) => code === 'client_hung_up'))
    await assertServes()
  })
}

test('two hundred clients that come and go leave nothing behind', patience, async () => {
  upstream.answer = (socket) => socket.write(chunkedStreamHead + chunkOf(role) + chunkOf(hello))
  for (let round = 0; round < 10; round++) {
    const connections = await Promise.all(Array.from({ length: 20 }, () => connectRaw(gateway.port)))
    for (const connection of connections) connection.write(streaming)
    await Promise.all(connections.map((connection) => connection.until('Hello to')))
    for (const { socket } of connections) socket.destroy()
  }
  await upstream.idle()
  assert.equal(upstream.open.size, 0)
  await assertServes()
})

async function assertServes(): Promise<void> {
  upstream.answer = (socket) => socket.write(answerOf(JSON.stringify(completion('Hello.'))))
  const response = await sendRaw(gateway.port, chatRequest(key, { lines: ['connection: close'] }))
  assert.equal(response.status, 200, response.body)
}

/** Long enough for what was written to this machine to be read. */
async function nextTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}
