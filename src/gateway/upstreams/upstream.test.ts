// Calls over real sockets: where they go, what they carry, and how they end.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { UpstreamError } from './error.ts'
import { upstreamSchema } from './schema.ts'
import { ok, request, run, serve, strict, upstreamTo, world } from './testkit.ts'
import { createUpstream } from './upstream.ts'

test('a call goes to the configured host and path with the configured credential, and its body is not touched', async (t) => {
  const server = await serve(t, (socket) => socket.write(ok))
  const upstream = upstreamTo(t, server, { url: `http://api.test:${server.port}/openai/v1/?api-version=1` })
  const body = Buffer.from('{"model": "m",\n"x": 1e999}')
  const result = await run(upstream, { body })
  assert.equal(result.error, undefined)
  assert.deepEqual(result.head, { status: 200, headers: { 'content-type': 'application/json' } })
  assert.equal(result.text, '{}')
  assert.deepEqual(server.requests[0]?.split('\r\n'), [
    'POST /openai/v1/chat/completions?api-version=1 HTTP/1.1',
    `host: api.test:${server.port}`,
    'connection: keep-alive',
    'accept: application/json, text/event-stream',
    'accept-encoding: identity',
    'user-agent: holdfast',
    'content-type: application/json',
    'authorization: Bearer sk-upstream',
    `content-length: ${body.length}`,
    '',
    body.toString(),
  ])
})

test('two calls, one after the other, share a connection', async (t) => {
  const server = await serve(t, (socket) => socket.write(ok))
  const upstream = upstreamTo(t, server, { connections: 1 })
  assert.equal((await run(upstream)).text, '{}')
  assert.equal((await run(upstream, { operation: 'models', method: 'GET' })).text, '{}')
  assert.equal(server.sockets.length, 1)
  assert.match(server.requests[1] ?? '', /^GET \/v1\/models HTTP\/1\.1\r\n/)
  assert.doesNotMatch(server.requests[1] ?? '', /content-/)
})

test('an error status of the upstream is an answer, with its body', async (t) => {
  const server = await serve(t, (socket) =>
    socket.write('HTTP/1.1 429 X\r\nretry-after: 3\r\ncontent-length: 4\r\n\r\nslow'),
  )
  const result = await run(upstreamTo(t, server))
  assert.deepEqual(result.head, { status: 429, headers: { 'retry-after': '3' } })
  assert.equal(result.text, 'slow')
})

test('a streamed answer arrives as it is sent', async (t) => {
  const server = await serve(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n'),
  )
  const pieces: string[] = []
  const ended = Promise.withResolvers<void>()
  upstreamTo(t, server).send(request(), {
    ...strict,
    onHead() {},
    onData(chunk) {
      pieces.push(chunk.toString())
      server.sockets[0]?.write(pieces.length === 1 ? '3\r\ntwo\r\n' : '0\r\n\r\n')
      return true
    },
    onEnd: ended.resolve,
  })
  await ended.promise
  assert.deepEqual(pieces, ['one', 'two'])
})

test('an answer without a length ends with its connection', async (t) => {
  const server = await serve(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it'))
  assert.equal((await run(upstreamTo(t, server))).text, 'all of it')
})

test('a connection that is refused, or is not TLS where it should be, is a failed connection', async (t) => {
  const server = await serve(t, (socket) => socket.write(ok))
  assert.equal(
    (await run(upstreamTo(t, server, { url: `https://api.test:${server.port}/v1` }))).error?.code,
    'connect_failed',
  )
  await server.close()
  assert.equal((await run(upstreamTo(t, server))).error?.code, 'connect_failed')
})

test('a resolver that never answers runs into the time limit for connecting', async (t) => {
  const server = await serve(t, () => {})
  const resolve = () => new Promise<never>(() => {})
  const result = await run(upstreamTo(t, server, { timeouts: { connect: 30 } }, { resolve }))
  assert.equal(result.error?.code, 'connect_timeout')
})

test('a call that gets no free connection in time gives up without disturbing those that run', async (t) => {
  const server = await serve(t, () => {})
  const upstream = upstreamTo(t, server, { connections: 1, timeouts: { connect: 250 } })
  const first = run(upstream)
  await server.request(0)
  assert.equal((await run(upstream)).error?.code, 'connect_timeout')
  const third = run(upstream)
  server.sockets[0]?.write(ok)
  assert.equal((await first).text, '{}')
  await server.request(1)
  server.sockets[0]?.write(ok)
  assert.equal((await third).text, '{}')
  assert.equal(server.sockets.length, 1)
})

test('a name that resolves to an address inside is not connected to', async (t) => {
  const server = await serve(t, (socket) => socket.write(ok))
  const upstream = upstreamTo(t, server, { allowPrivate: false })
  const result = await run(upstream)
  assert.equal(result.error?.code, 'address_not_allowed')
  assert.equal(server.sockets.length, 0)
})

test('a name that changes its address between check and connect gains nothing', async (t) => {
  const server = await serve(t, (socket) => socket.end(`${ok.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')}`))
  const answers = ['127.0.0.1', '169.254.169.254']
  let asked = 0
  let now = world.monotonic()
  const upstream = upstreamTo(t, server, {}, { resolve: async () => [answers[asked++] ?? ''], monotonic: () => now })
  assert.equal((await run(upstream)).text, '{}')
  assert.equal((await run(upstream)).text, '{}')
  assert.equal(asked, 1, 'the second connection used the checked address')
  now += 60_000
  assert.equal((await run(upstream)).error?.code, 'address_not_allowed')
})

test('an address in the URL is checked before anything is opened', () => {
  const settings = upstreamSchema.parse({ name: 'x', url: 'https://api.test/v1' })
  for (const url of ['https://169.254.169.254/', 'https://10.0.0.1/', 'https://[::1]/']) {
    assert.throws(() => createUpstream({ ...settings, url: new URL(url) }, world), { code: 'address_not_allowed' })
  }
})

test('when the client hangs up, the connection is closed and nothing more is told', async (t) => {
  const server = await serve(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf'))
  const hangUp = new AbortController()
  const result = await run(upstreamTo(t, server), { signal: hangUp.signal, onData: () => hangUp.abort() })
  assert.equal(result.error?.code, 'aborted')
  await server.closed(0)
  assert.deepEqual(result.order, ['head', 'data', 'error'])
})

test('a call may be given up before it starts, while it waits, while it connects and after it has ended', async (t) => {
  const server = await serve(t, () => {})
  const upstream = upstreamTo(t, server, { connections: 1 })
  assert.equal((await run(upstream, { signal: AbortSignal.abort() })).error?.code, 'aborted')
  assert.equal(server.sockets.length, 0)

  const running = run(upstream)
  await server.request(0)
  const hangUp = new AbortController()
  const waiting = run(upstream, { signal: hangUp.signal })
  hangUp.abort()
  assert.equal((await waiting).error?.code, 'aborted')
  server.sockets[0]?.write(ok)
  const done = await running
  assert.equal(done.text, '{}')
  done.call.abort()
  done.call.resume()
  assert.deepEqual(done.order, ['head', 'data', 'end'])

  const slow = Promise.withResolvers<string[]>()
  const connecting = upstreamTo(t, server, {}, { resolve: () => slow.promise })
  const gone = new AbortController()
  const result = run(connecting, { signal: gone.signal })
  gone.abort()
  slow.resolve(['127.0.0.1'])
  assert.equal((await result).error?.code, 'aborted')
})

test('nothing is told before send has returned', async (t) => {
  const server = await serve(t, (socket) => socket.write(ok))
  const upstream = upstreamTo(t, server)
  await upstream.destroy()
  const ended = Promise.withResolvers<UpstreamError>()
  let hasReturned = false
  upstream.send(request(), {
    ...strict,
    onError(error) {
      assert.ok(hasReturned)
      ended.resolve(error)
    },
  })
  hasReturned = true
  assert.equal((await ended.promise).code, 'connect_failed')
})

test('closing lets running calls end; destroying does not', async (t) => {
  const server = await serve(t, () => {})
  const upstream = upstreamTo(t, server)
  const running = run(upstream)
  await server.request(0)
  const closing = upstream.close()
  server.sockets[0]?.write(ok)
  assert.equal((await running).text, '{}')
  await closing

  const other = upstreamTo(t, server)
  const cut = run(other)
  await server.request(1)
  await other.destroy()
  assert.equal((await cut).error?.code, 'reset')
})

const certificate = selfSigned()
const skip =
  certificate === undefined ? 'SKIPPED: openssl is not installed, so there is no certificate to test with' : false

test('over TLS the pinned address must prove the configured name', { skip }, async (t) => {
  const server = await serve(t, (socket) => socket.write(ok), certificate)
  const trusting = { url: `https://api.test:${server.port}/v1`, tls: { ca: certificate?.cert ?? '' } }
  assert.equal((await run(upstreamTo(t, server, trusting))).text, '{}')
  assert.equal(server.serverNames[0], 'api.test')
  const otherName = { ...trusting, url: `https://other.test:${server.port}/v1` }
  assert.equal((await run(upstreamTo(t, server, otherName))).error?.code, 'connect_failed')
  const untrusted = { url: trusting.url }
  assert.equal((await run(upstreamTo(t, server, untrusted))).error?.code, 'connect_failed')
  assert.equal(server.requests.length, 1)
})

function selfSigned(): { key: string; cert: string } | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-upstream-'))
  try {
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
    const made = spawnSync('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=api.test',
      ],
      ...['-addext', 'subjectAltName=DNS:api.test', '-keyout', key, '-out', cert],
    ])
    if (made.status !== 0) return undefined
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } finally {
    rmSync(dir, { recursive: true })
  }
}
