import assert from 'node:assert/strict'
import { test } from 'node:test'
import { probe } from './probe.ts'
import { createRoute } from './route.ts'
import { upstreamSchema } from './schema.ts'
import { ok, serve, upstreamTo, world } from './testkit.ts'

const never = new AbortController().signal

test('any answer but a failure shows that an upstream is there', async (t) => {
  const server = await serve(t, (socket, index) => {
    const status = ['200 OK', '401 X', '404 X', '429 X', '500 X', '503 X'][index]
    socket.write(ok.replace('200 OK', status ?? ''))
  })
  const upstream = upstreamTo(t, server)
  const seen: unknown[] = []
  for (let n = 0; n < 6; n++) seen.push(await probe(upstream, 1000, never))
  assert.deepEqual(seen, [true, true, true, true, false, false])
  assert.match(server.requests[0] ?? '', /^GET \/v1\/models /)
})

test('silence, a cut and an empty port show that it is not', async (t) => {
  const server = await serve(t, (socket, index) => (index === 0 ? undefined : socket.destroy()))
  const upstream = upstreamTo(t, server)
  assert.equal(await probe(upstream, 30, never), false)
  assert.equal(await probe(upstream, 1000, never), false)
  await server.close()
  assert.equal(await probe(upstream, 1000, never), false)
})

test('when all connections are in use by requests, a probe shows nothing', async (t) => {
  const server = await serve(t, () => {})
  const upstream = upstreamTo(t, server, { connections: 1, timeouts: { connect: 30 } })
  const running = new AbortController()
  const busy = probe(upstream, 10_000, running.signal)
  await server.request(0)
  assert.equal(await probe(upstream, 1000, never), undefined)
  running.abort()
  assert.equal(await busy, undefined)
})

test('probes open the circuit without a request, and let it be tried as soon as the upstream is back', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let status = '500 X'
  const server = await serve(t, (socket) => socket.write(ok.replace('200 OK', status)))
  const settings = upstreamSchema.parse({
    name: 'test',
    url: `http://api.test:${server.port}/v1`,
    allowPrivate: true,
    allowHttp: true,
    health: { failures: 2, openFor: '1h', maxOpenFor: '1h', probeEvery: 1000 },
  })
  const changed: (() => void)[] = []
  const { health, upstream } = createRoute(settings, {
    ...world,
    monotonic: () => performance.now(),
    random: () => 0,
    onChange: () => changed.shift()?.(),
  })
  t.after(() => upstream.destroy())
  const opened = new Promise<void>((resolve) => changed.push(resolve))
  const turns = setImmediateLoop(() => t.mock.timers.tick(1000))
  await opened
  assert.equal(health.enter('x'), undefined)
  status = '200 OK'
  while (health.condition('m') !== 'ready') await new Promise((resolve) => setImmediate(resolve))
  turns.stop()
  assert.equal(health.state().circuit, 'open', 'a request has to close it')
  health.enter('x')?.leave('ok')
  assert.equal(health.state().circuit, 'closed')
})

function setImmediateLoop(work: () => void): { stop(): void } {
  let isStopped = false
  const turn = () => {
    if (isStopped) return
    work()
    setImmediate(turn)
  }
  setImmediate(turn)
  return {
    stop() {
      isStopped = true
    },
  }
}
