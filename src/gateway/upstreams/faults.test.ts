// Upstreams that stall, lie and flood, and receivers that are slow or fail, over real sockets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dispatcher } from 'undici'
import { Call } from './call.ts'
import type { UpstreamError } from './error.ts'
import { ok, request, run, serve, strict, upstreamTo } from './testkit.ts'

test('a redirect is not followed', async (t) => {
  const elsewhere = await serve(t, (socket) => socket.write(ok))
  for (const status of [300, 301, 302, 303, 304, 307, 308]) {
    const location = `http://127.0.0.1:${elsewhere.port}/`
    const server = await serve(t, (socket) =>
      socket.write(`HTTP/1.1 ${status} X\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`),
    )
    const result = await run(upstreamTo(t, server))
    assert.equal(result.error?.code, 'redirect')
    assert.equal(result.head, undefined)
  }
  assert.equal(elsewhere.sockets.length, 0)
})

const malformed: Record<string, string> = {
  'compressed though it was asked not to be':
    'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc',
  'in a stacked transfer encoding': 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'not HTTP': 'SSH-2.0-OpenSSH_9.9\r\n',
  'switching protocols': 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
  'of two lengths': 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc',
  'of a length and chunked':
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'in chunks of no size': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n',
  'with an endless header': `HTTP/1.1 200 OK\r\n${'x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(400)}`,
  'with one huge header': `HTTP/1.1 200 OK\r\nx-filler: ${'a'.repeat(20_000)}\r\n\r\n`,
  'preceded by a flood of 1xx responses': `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)}${ok}`,
  'of an unknown status class': 'HTTP/1.1 700 X\r\ncontent-length: 0\r\n\r\n',
}
for (const [what, bytes] of Object.entries(malformed)) {
  test(`an answer that is ${what} is a bad response, and its connection is closed`, async (t) => {
    const server = await serve(t, (socket) => socket.write(bytes))
    const result = await run(upstreamTo(t, server))
    assert.equal(result.error?.code, 'bad_response', String(result.error))
    await server.closed(0)
  })
}

test('a few 1xx responses are passed over', async (t) => {
  const server = await serve(t, (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok}`))
  assert.equal((await run(upstreamTo(t, server))).text, '{}')
})

test('an answer cut off before its end is an error, whatever had arrived', async (t) => {
  const cut = [
    'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n',
  ]
  for (const bytes of cut) {
    for (const how of ['end', 'reset'] as const) {
      const server = await serve(t, (socket) => socket.write(bytes))
      const result = await run(upstreamTo(t, server), {
        onData: () => (how === 'end' ? server.sockets[0]?.end() : server.sockets[0]?.resetAndDestroy()),
      })
      assert.equal(result.text, 'half')
      assert.equal(result.error?.code, 'reset')
    }
  }
})

test('bytes beyond the stated length are not the beginning of the next answer', async (t) => {
  const poison = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison'
  const server = await serve(t, (socket, index) => socket.write(index === 0 ? ok + poison : ok))
  const upstream = upstreamTo(t, server, { connections: 1 })
  assert.equal((await run(upstream)).text, '{}')
  assert.equal((await run(upstream)).text, '{}')
  assert.equal(server.sockets.length, 2)
})

test('an answer larger than allowed is cut off', async (t) => {
  const server = await serve(t, (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 4096\r\n\r\n${'x'.repeat(4096)}`),
  )
  const result = await run(upstreamTo(t, server, { maxResponseBytes: 1024 }))
  assert.equal(result.error?.code, 'too_large')
  await server.closed(0)
})

test('an upstream that says nothing runs into the time limit for headers', async (t) => {
  const server = await serve(t, () => {})
  const result = await run(upstreamTo(t, server, { timeouts: { headers: 30 } }))
  assert.equal(result.error?.code, 'headers_timeout')
  await server.closed(0)
})

test('1xx responses do not buy an upstream more time', async (t) => {
  const server = await serve(t, (socket) => {
    const drip = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 10)
    socket.on('close', () => clearInterval(drip))
  })
  assert.equal((await run(upstreamTo(t, server, { timeouts: { headers: 60 } }))).error?.code, 'headers_timeout')
})

test('an upstream that falls silent in the middle runs into the time limit between pieces', async (t) => {
  const server = await serve(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'))
  const result = await run(upstreamTo(t, server, { timeouts: { idle: 30 } }))
  assert.equal(result.error?.code, 'idle_timeout')
  assert.equal(result.text, 'half')
  await server.closed(0)
})

test('an upstream that drips for ever runs into the total time limit', async (t) => {
  const server = await serve(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    const drip = setInterval(() => socket.write('1\r\n.\r\n'), 5)
    socket.on('close', () => clearInterval(drip))
  })
  const result = await run(upstreamTo(t, server, { timeouts: { idle: 1000, total: 60 } }))
  assert.equal(result.error?.code, 'total_timeout')
  await server.closed(0)
})

test('a slow client holds the upstream back instead of filling the memory', async (t) => {
  const total = 64 * 1024 * 1024
  let sent = 0
  const piece = Buffer.alloc(256 * 1024)
  const server = await serve(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`)
    const fill = () => {
      while (sent < total) {
        sent += piece.length
        if (!socket.write(piece)) return
      }
    }
    socket.on('drain', fill)
    fill()
  })
  let received = 0
  const held = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const call = upstreamTo(t, server, { timeouts: { idle: 500 } }).send(request(), {
    ...strict,
    onHead() {},
    onData(chunk) {
      received += chunk.length
      held.resolve()
      return received > 1_000_000
    },
    onEnd: ended.resolve,
    onError: ended.reject,
  })
  await held.promise
  for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(received <= 256 * 1024, `${received} bytes delivered while held`)
  assert.ok(sent < total / 2, `${sent} bytes taken from the upstream while held`)
  const resume = setInterval(() => call.resume(), 1)
  await ended.promise
  clearInterval(resume)
  assert.equal(received, total)
})

test('a receiver that resumes before it has said no is not held for ever', async (t) => {
  const server = await serve(t, (socket) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nfirst`))
  const ended = Promise.withResolvers<void>()
  const call = upstreamTo(t, server).send(request(), {
    ...strict,
    onHead() {},
    onData() {
      call.resume()
      server.sockets[0]?.write('!')
      return false
    },
    onEnd: ended.resolve,
  })
  await ended.promise
})

test('while a slow client holds the upstream, only the total time limit runs', async (t) => {
  const server = await serve(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'))
  const upstream = upstreamTo(t, server, { timeouts: { idle: 20, total: 120 } })
  const ended = Promise.withResolvers<UpstreamError>()
  upstream.send(request(), { ...strict, onHead() {}, onData: () => false, onError: ended.resolve })
  assert.equal((await ended.promise).code, 'total_timeout')
})

test('a receiver that throws ends the call', async (t) => {
  const server = await serve(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'))
  const boom = new Error('cannot take it')
  for (const failing of ['onHead', 'onData'] as const) {
    const ended = Promise.withResolvers<UpstreamError>()
    const fail = () => {
      throw boom
    }
    upstreamTo(t, server).send(request(), { ...strict, onHead() {}, onError: ended.resolve, [failing]: fail })
    const error = await ended.promise
    assert.equal(error.code, 'aborted')
    assert.equal(error.cause, boom)
  }
})

test('a request that was begun once is never written again, whatever the library would do', async () => {
  const ended = Promise.withResolvers<UpstreamError>()
  const limits = { connect: 1000, headers: 1000, idle: 1000, total: 1000, maxResponseBytes: 1000 }
  const call = new Call({ ...strict, onError: ended.resolve }, limits, new AbortController().signal)
  const aborted: unknown[] = []
  const controller = { abort: (error: unknown) => aborted.push(error), resume() {}, pause() {} }
  const start = () => call.onRequestStart(controller as unknown as Dispatcher.DispatchController)
  start()
  assert.deepEqual(aborted, [])
  start()
  assert.ok(aborted.length > 0, 'aborted at its start, a request is not written')
  assert.equal((await ended.promise).wasSent, true)
})
