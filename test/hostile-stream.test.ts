// Upstreams that misbehave in the middle of a stream: the client gets an error event as the last one and no [DONE],
// nothing uninspected, and the upstream's connection is closed.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, test } from 'node:test'
import { openGateway } from './support/gateway.ts'
import { chat, chatRequest, connectRaw, type RawResponse, sendRaw } from './support/raw.ts'
import { answerOf, chunkedStreamHead, chunkOf, startRawUpstream, streamHead } from './support/raw-upstream.ts'
import { assertOpenAiError } from './support/refused.ts'
import { completion, streamOf } from './support/upstream.ts'

const upstream = await startRawUpstream()
const gateway = await openGateway({
  url: upstream.url,
  upstream: { timeouts: { connect: 500, headers: 100, idle: 100, total: 400 }, maxResponseBytes: 10_000_000 },
  settings: { answers: { maxEventBytes: 50_000 } },
})
after(async () => {
  await gateway.close()
  await upstream.close()
})
const patience = { timeout: 10_000 }
const [role = '', hello = '', finish = '', done = ''] = streamOf(['Hello to all of you. '])
const begun = chunkedStreamHead + chunkOf(role) + chunkOf(hello)
const data = (json: string) => `data: ${json}\n\n`

/** What the upstream says once its stream has begun, and what the client is told at the end of it. */
const faults: Record<string, [answer: (socket: Socket) => void, code: string]> = {
  stalls: [says(begun), 'upstream_idle_timeout'],
  'drips comments for ever': [drip, 'upstream_total_timeout'],
  closes: [ends(begun), 'upstream_reset'],
  'ends without its last chunk': [ends(begun + chunkOf(finish) + chunkOf(done)), 'upstream_reset'],
  'sends a chunk size that is no number': [says(`${begun}evil\r\n`), 'upstream_bad_response'],
  'sends what is no JSON': [says(begun + chunkOf(data('{evil'))), 'invalid_response'],
  'sends text': [says(begun + chunkOf(data('evil'))), 'invalid_response'],
  'sends a list': [says(begun + chunkOf(data('["evil"]'))), 'invalid_response'],
  'sends a key twice': [says(begun + chunkOf(data('{"id":"a","id":"evil"}'))), 'invalid_response'],
  'sends a lone surrogate': [
    says(begun + chunkOf(data('{"choices":[{"index":0,"delta":{"content":"evil\\ud83d"}}]}'))),
    'invalid_response',
  ],
  'sends invalid UTF-8': [
    (socket) => {
      socket.write(begun)
      socket.write(Buffer.from(chunkOf('data: {"id":"\xff"}\n\n').replace(/^../, '12'), 'latin1'))
    },
    'invalid_response',
  ],
  'sends an event 10,000 deep': [
    says(begun + chunkOf(data(`{"choices":${'['.repeat(10_000)}${']'.repeat(10_000)}}`))),
    'invalid_response',
  ],
  'sends a huge event': [
    says(begun + chunkOf(data(`{"choices":[{"index":0,"delta":{"content":"${'evil '.repeat(20_000)}"}}]}`))),
    'event_too_large',
  ],
  'sends a line without end': [endless('evil'), 'event_too_large'],
  'sends a comment without end': [endless(':'), 'event_too_large'],
  'sends an event of lines without end': [endless('data: evil\n'), 'event_too_large'],
  'opens texts without end': [
    says(
      begun +
        Array.from({ length: 1100 }, (_, index) =>
          chunkOf(data(`{"choices":[{"index":${index},"delta":{"content":"a"}}]}`)),
        ).join(''),
    ),
    'invalid_response',
  ],
  'goes on with a choice that it has finished': [
    says(begun + chunkOf(finish) + chunkOf(hello.replace('Hello to all of you. ', 'evil'))),
    'invalid_response',
  ],
  'goes on with a choice that it finishes in the same event': [
    says(
      begun +
        chunkOf(
          data(
            '{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"},{"index":0,"delta":{"content":"evil"}}]}',
          ),
        ),
    ),
    'invalid_response',
  ],
  'sends audio that nobody can inspect': [
    says(begun + chunkOf(data('{"choices":[{"index":0,"delta":{"audio":{"data":"ZXZpbA=="}}}]}'))),
    'opaque_content',
  ],
}
for (const [what, [answer, code]] of Object.entries(faults))
  test(`an upstream that ${what} in the middle of a stream: ${code}`, patience, async () => {
    const before = gateway.installation.log.size
    upstream.answer = answer
    const response = await send()
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    assert.match(response.body, /Hello to/)
    assertEndsInError(response.body, code)
    await assertFailed(before, response)
    await upstream.idle()
    await assertServes()
  })

const early: Record<string, [answer: (socket: Socket) => void, status: number, code: string]> = {
  'says nothing after its head': [says(chunkedStreamHead), 504, 'upstream_idle_timeout'],
  'closes after its head': [ends(chunkedStreamHead), 502, 'upstream_reset'],
  'begins with what is no JSON': [says(chunkedStreamHead + chunkOf('data: evil\n\n')), 502, 'invalid_response'],
  'begins with a line without end': [endless('evil', chunkedStreamHead), 502, 'event_too_large'],
  'calls a web page a stream': [ends(`${streamHead}<html>evil</html>`), 502, 'invalid_response'],
}
for (const [what, [answer, status, code]] of Object.entries(early))
  test(`an upstream that ${what}: ${status} ${code}, since no byte has left yet`, patience, async () => {
    upstream.answer = answer
    const response = await send()
    assertOpenAiError(response, status, code, ['evil'])
    await upstream.idle()
    await assertServes()
  })

test('an upstream that resets in the middle of a stream: upstream_reset', patience, async () => {
  upstream.answer = says(begun)
  const connection = await connectRaw(gateway.port)
  connection.write(chatRequest(gateway.key, { body: chat('Hi.', { stream: true }) }))
  await connection.until('Hello to')
  for (const socket of upstream.open) socket.resetAndDestroy()
  assertEndsInError((await connection.read()).body, 'upstream_reset')
  connection.socket.destroy()
})

test('what comes after [DONE] is not delivered', patience, async () => {
  upstream.answer = says(
    `${begun + chunkOf(finish) + chunkOf(done) + chunkOf(hello.replace('Hello to all of you. ', 'evil'))}0\r\n\r\n`,
  )
  const { body } = await send()
  assert.doesNotMatch(body, /evil/)
  assert.ok(body.endsWith(done))
})

test('a stream without [DONE] ends as it came: whole, inspected, and without one', patience, async () => {
  upstream.answer = ends(streamHead + role + hello.replace('Hello to all of you. ', 'Ask jane.doe@example.com'))
  const response = await send()
  assert.equal(response.status, 200)
  assert.doesNotMatch(response.body, /\[DONE\]|jane\.doe/)
  assert.match(response.body, /Ask /)
})

test('an error event of the upstream passes, and what is secret in it is masked', patience, async () => {
  const error = { error: { message: 'overloaded, ask jane.doe@example.com', type: 'x', code: 'AKIAIOSFODNN7EXAMPLQ' } }
  upstream.answer = ends(`${streamHead}event: error\n${data(JSON.stringify(error))}`)
  const { body } = await send()
  assert.match(body, /overloaded/)
  assert.doesNotMatch(body, /jane\.doe|AKIA/)
})

test('comments and fields that nobody reads are no way past inspection', patience, async () => {
  const hidden = `: AKIAIOSFODNN7EXAMPLQ jane.doe@example.com\nsecret: AKIAIOSFODNN7EXAMPLQ\n`
  upstream.answer = ends(streamHead + role + hidden + hello + hidden + finish + done)
  const { body } = await send()
  assert.match(body, /Hello to.*\[DONE\]/s)
  assert.doesNotMatch(body, /AKIA|jane/)
})

test('an answer that is whole though a stream was asked for is inspected as whole', patience, async () => {
  upstream.answer = says(answerOf(JSON.stringify(completion('Ask jane.doe@example.com'))))
  const { status, body } = await send()
  assert.equal(status, 200)
  assert.doesNotMatch(body, /jane\.doe/)
})

function send(): Promise<RawResponse> {
  const body = chat('Hi.', { stream: true })
  return sendRaw(gateway.port, chatRequest(gateway.key, { lines: ['connection: close'], body }))
}

function assertEndsInError(body: string, code: string): void {
  assert.ok(body.endsWith('\n\n'), 'the last event is complete')
  const last = body.trimEnd().split('\n\n').at(-1) ?? ''
  assert.match(last, /^data: \{"error":/)
  assert.equal(JSON.parse(last.slice('data: '.length)).error.code, code)
  assert.doesNotMatch(body, /evil/)
}

async function assertFailed(before: number, response: RawResponse): Promise<void> {
  const id = response.headers.get('x-request-id')
  const isOutcome = (entry: { exchange: string; phase: string }) => entry.exchange === id && entry.phase === 'outcome'
  const outcome = (await gateway.entriesOnce(before, (found) => found.some(isOutcome))).find(isOutcome)
  assert.equal(outcome?.code, 'upstream_failed')
  assert.equal(outcome?.status, 2)
}

async function assertServes(): Promise<void> {
  upstream.answer = says(`${begun + chunkOf(finish) + chunkOf(done)}0\r\n\r\n`)
  const { status, body } = await send()
  assert.equal(status, 200)
  assert.match(body, /Hello to.*\[DONE\]\n\n$/s)
}

function says(bytes: string | Uint8Array): (socket: Socket) => void {
  return (socket) => socket.write(bytes)
}

function ends(bytes: string): (socket: Socket) => void {
  return (socket) => socket.end(bytes)
}

function drip(socket: Socket): void {
  socket.write(begun)
  const timer = setInterval(() => socket.write(chunkOf(':\n\n')), 20)
  socket.once('close', () => clearInterval(timer))
}

function endless(text: string, head = begun): (socket: Socket) => void {
  const piece = chunkOf(text.repeat(1000))
  return (socket) => {
    const fill = () => {
      while (!socket.destroyed && socket.write(piece));
    }
    socket.write(head)
    socket.on('drain', fill)
    fill()
  }
}
