// An upstream that stalls, resets, lies about its length or answers with something else: the client is told in its
// own format, the outcome is on record, the connection to the upstream is closed and the gateway serves on.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, test } from 'node:test'
import { openGateway } from './support/gateway.ts'
import { chatRequest, type RawResponse, sendRaw } from './support/raw.ts'
import { answerOf, startRawUpstream } from './support/raw-upstream.ts'
import { assertOpenAiError } from './support/refused.ts'
import { completion } from './support/upstream.ts'

const upstream = await startRawUpstream()
const gateway = await openGateway({
  url: upstream.url,
  upstream: {
    timeouts: { connect: 500, headers: 100, idle: 100, total: 400 },
    maxResponseBytes: 100_000,
  },
  settings: { answers: { maxBytes: 50_000 } },
})
after(async () => {
  await gateway.close()
  await upstream.close()
})
const patience = { timeout: 10_000 }
const good = JSON.stringify(completion('Hello.'))
const models = chatRequest(gateway.key, {
  start: 'GET /v1/models HTTP/1.1',
  headers: { 'content-length': null, 'content-type': null },
  body: '',
})
const html = '<html><body>evil.internal 10.0.0.5</body></html>'

/** What the upstream says, what the client is told, and why, as the log has it. */
const faults: Record<string, [answer: (socket: Socket) => void, status: number, code: string]> = {
  'says nothing': [() => {}, 504, 'upstream_headers_timeout'],
  'stalls in the middle of its answer': [says(answerOf(good).subarray(0, -20)), 504, 'upstream_idle_timeout'],
  'drips its answer for ever': [drip, 504, 'upstream_total_timeout'],
  'sends 1xx answers for ever': [dripEarlyHints, 504, 'upstream_headers_timeout'],
  'sends a flood of 1xx answers': [says('HTTP/1.1 103 X\r\n\r\n'.repeat(1000)), 502, 'upstream_bad_response'],
  'closes without a word': [(socket) => socket.end(), 502, 'upstream_reset'],
  'resets without a word': [(socket) => socket.resetAndDestroy(), 502, 'upstream_reset'],
  'closes in the middle of its head': [ends('HTTP/1.1 200 OK\r\ncontent-type: app'), 502, 'upstream_reset'],
  'closes in the middle of its answer': [ends(answerOf(good).subarray(0, -20)), 502, 'upstream_reset'],
  'promises more than it sends': [ends(answerOf(good, { lines: ['content-length: 5000'] })), 502, 'upstream_reset'],
  'promises less than it sends': [says(answerOf(good, { lines: ['content-length: 20'] })), 502, 'invalid_response'],
  'ends a chunked answer without its last chunk': [
    ends('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"id"\r\n'),
    502,
    'upstream_reset',
  ],
  'speaks another protocol': [says('220 mail.internal ESMTP\r\n'), 502, 'upstream_bad_response'],
  'speaks HTTP/0.9': [ends(good), 502, 'upstream_bad_response'],
  'switches protocols': [
    says('HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    502,
    'upstream_bad_response',
  ],
  'has a status that is none': [says(answerOf(good, { status: 700 })), 502, 'upstream_bad_response'],
  'sends two lengths': [
    says(answerOf(good, { lines: ['content-length: 1', 'content-length: 2'] })),
    502,
    'upstream_bad_response',
  ],
  'sends headers without end': [
    says(`HTTP/1.1 200 OK\r\n${'x-a: aaaaaaaa\r\n'.repeat(5000)}`),
    502,
    'upstream_bad_response',
  ],
  'compresses its answer': [says(answerOf(good, { lines: ['content-encoding: gzip'] })), 502, 'upstream_bad_response'],
  'sends two content types': [
    says(answerOf(good, { lines: ['content-type: text/html', 'content-type: application/json'] })),
    502,
    'upstream_bad_response',
  ],
  'sends more than an answer may have': [says(answerOf(`"${'a'.repeat(60_000)}"`)), 502, 'answer_too_large'],
  redirects: [
    says(answerOf('', { status: 302, lines: ['location: http://169.254.169.254/'] })),
    502,
    'upstream_redirect',
  ],
  'says not modified': [says(answerOf('', { status: 304 })), 502, 'upstream_redirect'],
  'refuses our credential (401)': [
    says(answerOf('{"error":{"message":"bad key sk-evil"}}', { status: 401 })),
    502,
    'upstream_credentials',
  ],
  'refuses our credential (403)': [says(answerOf('{}', { status: 403 })), 502, 'upstream_credentials'],
  'refuses our credential (407)': [says(answerOf('{}', { status: 407 })), 502, 'upstream_credentials'],
  'answers with a web page': [says(answerOf(html, { lines: ['content-type: text/html'] })), 502, 'invalid_response'],
  'answers an error with a web page': [
    says(answerOf(html, { status: 503, lines: ['content-type: text/html'] })),
    502,
    'invalid_response',
  ],
  'answers with nothing': [says(answerOf('')), 502, 'invalid_response'],
  'answers with no content': [says(answerOf('', { status: 204 })), 502, 'invalid_response'],
  'answers with text': [says(answerOf('evil')), 502, 'invalid_response'],
  'answers with a string': [says(answerOf('"evil"')), 502, 'invalid_response'],
  'answers with a list': [says(answerOf('[]')), 502, 'invalid_response'],
  'answers with a key twice': [says(answerOf(good.replace('{', '{"id":"evil",'))), 502, 'invalid_response'],
  'answers in invalid UTF-8': [
    says(answerOf(Buffer.from(good.replace('Hello', '\xff'), 'latin1'))),
    502,
    'invalid_response',
  ],
  'answers with a lone surrogate': [says(answerOf(good.replace('Hello', '\\ud800'))), 502, 'invalid_response'],
  'answers with a byte order mark': [says(answerOf(`\ufeff${good}`)), 502, 'invalid_response'],
  'answers in UTF-16': [says(answerOf(Buffer.from(good, 'utf16le'))), 502, 'invalid_response'],
  'answers 10,000 deep': [says(answerOf('['.repeat(10_000) + ']'.repeat(10_000))), 502, 'invalid_response'],
}
for (const [what, [answer, status, code]] of Object.entries(faults))
  test(`an upstream that ${what}: ${status} ${code}`, patience, async () => {
    const before = gateway.installation.log.size
    upstream.answer = answer
    const response = await send()
    assertOpenAiError(response, status, code, ['evil', 'internal', '169.254', '127.0.0.1', 'ECONN'])
    await assertFailed(before, response, status)
    // A connection whose answer came to its proper end is good for another.
    if (code !== 'invalid_response') await upstream.idle()
    await assertServes()
  })

test('an upstream that is not there: 502 upstream_connect_failed', patience, async () => {
  const gone = await startRawUpstream()
  await gone.close()
  const lonely = await openGateway({ url: gone.url })
  const response = await sendRaw(lonely.port, chatRequest(lonely.key))
  assertOpenAiError(response, 502, 'upstream_connect_failed', ['127.0.0.1', 'ECONN'])
  await lonely.close()
})

test("an upstream's error passes on with its status, and what is secret in it is masked", patience, async () => {
  const secret = 'AKIAIOSFODNN7EXAMPLQ'
  const error = {
    error: { message: `bad request by jane.doe@example.com with ${secret}`, type: 'x', param: null, code: 'y' },
  }
  for (const status of [400, 404, 408, 413, 422, 429, 500, 503, 529]) {
    upstream.answer = says(answerOf(JSON.stringify(error), { status, lines: ['retry-after: 17'] }))
    const response = await send()
    assert.equal(response.status, status)
    assert.equal(response.headers.get('retry-after'), '17')
    assert.doesNotMatch(response.body, /jane\.doe|AKIA/)
    assert.equal(JSON.parse(response.body).error.code, 'y')
  }
})

test('a Retry-After that is no short printable text stays behind', patience, async () => {
  for (const value of ['a'.repeat(300), '\xe4', '']) {
    upstream.answer = says(answerOf('{"error":{}}', { status: 429, lines: [`retry-after: ${value}`] }))
    const response = await send()
    assert.equal(response.status, 429)
    assert.equal(response.headers.has('retry-after'), false)
  }
})

test('the next answer of a connection is not what the last one had too much', patience, async () => {
  const poison = answerOf(JSON.stringify(completion('poison')))
  upstream.answer = says(Buffer.concat([answerOf(good), poison]))
  assert.equal((await send()).status, 200)
  await assertServes()
})

const lists: Record<string, (socket: Socket) => void> = {
  'says nothing': () => {},
  'stalls in the middle of it': says(answerOf('{"data":[]}').subarray(0, -2)),
  closes: (socket) => socket.end(),
  'sends a web page': says(answerOf(html, { lines: ['content-type: text/html'] })),
  'sends text': says(answerOf('evil')),
  'sends an object without a list': says(answerOf('{"data":{"id":"evil"}}')),
  'sends more than an answer may have': says(answerOf(`{"data":"${'a'.repeat(60_000)}"}`)),
  'refuses our credential': says(answerOf('{}', { status: 401 })),
  redirects: says(answerOf('', { status: 302, lines: ['location: http://169.254.169.254/'] })),
}
for (const [what, answer] of Object.entries(lists))
  test(`an upstream that is asked for its models and ${what}: 502 upstream_unavailable`, patience, async () => {
    upstream.answer = answer
    const response = await sendRaw(gateway.port, models)
    assertOpenAiError(response, 502, 'upstream_unavailable', ['evil', 'internal', '169.254'])
    await assertServes()
  })

test('of a list of models, nothing but names that a request could give is passed on', patience, async () => {
  const ids = ['good-1', 'evil name', 'evil\n', '<evil>', '', 'evil'.repeat(100), 'good-2']
  const data = ids.map((id) => ({ id, owned_by: 'evil', description: 'evil', permission: [{ evil: 1 }] }))
  upstream.answer = says(answerOf(JSON.stringify({ data, evil: 'evil' })))
  const { status, body } = await sendRaw(gateway.port, models)
  assert.equal(status, 200)
  assert.doesNotMatch(body, /evil/)
  const names = JSON.parse(body).data.map(({ id }: { id: string }) => id)
  assert.deepEqual(names, ['good-1', 'good-2'])
})

test('after every fault, nothing is left open towards the upstream but idle connections', patience, async () => {
  await assertServes()
  assert.ok(upstream.open.size <= 2, `${upstream.open.size} are open`)
})

function send(): Promise<RawResponse> {
  return sendRaw(gateway.port, chatRequest(gateway.key, { lines: ['connection: close'] }))
}

async function assertServes(): Promise<void> {
  upstream.answer = says(answerOf(good))
  const response = await send()
  assert.equal(response.status, 200, response.body)
  assert.equal(response.body, good)
}

async function assertFailed(before: number, response: RawResponse, status: number): Promise<void> {
  const id = response.headers.get('x-request-id')
  const isOutcome = (entry: { exchange: string; phase: string }) => entry.exchange === id && entry.phase === 'outcome'
  const entries = await gateway.entriesOnce(before, (found) => found.some(isOutcome))
  const outcome = entries.find(isOutcome)
  assert.equal(outcome?.code, 'upstream_failed')
  assert.equal(outcome?.status, 2)
  assert.equal(outcome?.responseStatus, status)
  assert.match(outcome?.rule ?? '', /^forward: /)
}

function says(bytes: string | Uint8Array): (socket: Socket) => void {
  return (socket) => socket.write(bytes)
}

function ends(bytes: string | Uint8Array): (socket: Socket) => void {
  return (socket) => socket.end(bytes)
}

function drip(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
  every(socket, '1\r\n \r\n')
}

function dripEarlyHints(socket: Socket): void {
  every(socket, 'HTTP/1.1 103 X\r\n\r\n')
}

function every(socket: Socket, bytes: string): void {
  const timer = setInterval(() => socket.write(bytes), 20)
  socket.once('close', () => clearInterval(timer))
}
