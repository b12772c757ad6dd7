// Several processes on one port: one log, one state, and nobody refused when one of them goes.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { BoundSocket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { childrenOf, isRunning, program, type RunningGateway, startCommand } from './support/holdfast.ts'
import { chat, chatRequest, connectRaw, exchangeIdIn } from './support/raw.ts'
import { keepAsking, requireRecorded, type Served, startServed } from './support/served.ts'
import { streamOf } from './support/upstream.ts'

const two = { args: ['--workers', '2'] }
const skip = process.platform !== 'linux' && 'NOT TESTED: finds processes in /proc'

test('connections are spread over the workers, and one rate holds for all of them', { skip }, async (t) => {
  const limits = 'limits: { rates: { key: { requests: 20, per: 1h, burst: 20 } } }'
  const served = await startServed(t, { ...two, yaml: limits })
  const before = workersOf(served).map(cpuTicksOf)
  const statuses = await Promise.all(Array.from({ length: 60 }, () => served.status()))
  equal(statuses.filter((status) => status === 200).length, 20)
  equal(statuses.filter((status) => status === 429).length, 40)
  const after = workersOf(served).map(cpuTicksOf)
  ok(
    after.every((ticks, at) => ticks > (before[at] ?? ticks)),
    `both have worked: ${before} ${after}`,
  )
})

test('a key that is revoked is refused by every worker before the revocation is done', { skip }, async (t) => {
  const served = await startServed(t, two)
  // A connection belongs to one worker: twenty of them leave none out, except once in half a million.
  const connections = await Promise.all(Array.from({ length: 20 }, () => connectRaw(served.port)))
  const ask = () =>
    Promise.all(
      connections.map((connection) => {
        connection.write(chatRequest(served.key))
        return connection.read().then(({ status }) => status)
      }),
    )
  deepEqual(new Set(await ask()), new Set([200]))
  const { keyId: id } = served
  const record = await served.control.revokeKey({ id, reason: 'test', actor: 'test', dryRun: false })
  equal(record.state, 'verified')
  deepEqual(new Set(await ask()), new Set([401]))
  for (const { socket } of connections) socket.destroy()
})

test('a worker that is killed under load is replaced, the other goes on, and nothing is lost', { skip }, async (t) => {
  const served = await startServed(t, two)
  const load = keepAsking(served.port, served.key)
  await load.begun
  const [victim = 0, other = 0] = workersOf(served)
  process.kill(victim, 'SIGKILL')
  const died = await served.event(6002, (event) => event.activity_id === 4 && event.status_id === 2)
  await served.event(6002, (event) => event.activity_id === 3 && isOfWorker(event))
  const { statuses, answered } = await load.stop()
  const now = workersOf(served)
  equal(now.length, 2)
  ok(now.includes(other) && !now.includes(victim))
  match(served.gateway.stderr(), /^holdfast: worker [12] ended \(SIGKILL\) with \d exchanges running; it is replaced\n/)
  const { 200: good = 0, 0: lost = 0, ...others } = statuses
  deepEqual(others, {})
  ok(good > 10 && lost <= 8, `at most what ran in it is lost: ${JSON.stringify(statuses)}`)
  const { unfinished_count } = died.unmapped?.holdfast ?? {}
  ok(typeof unfinished_count === 'number' && unfinished_count <= 8)
  equal(await served.gateway.stop(), 0)
  await requireRecorded(join(served.cwd, 'data'), answered)
})

test('a worker that hangs is noticed and replaced', { skip, timeout: 60_000 }, async (t) => {
  const served = await startServed(t, two)
  const [victim = 0] = workersOf(served)
  process.kill(victim, 'SIGSTOP')
  // A change has to reach all workers, so it waits until the one that does not answer is gone.
  const { keyId: id } = served
  const revoked = await served.control.revokeKey({ id, reason: 'test', actor: 'test', dryRun: false })
  equal(revoked.state, 'verified')
  ok(!workersOf(served).includes(victim))
  await served.event(6002, (event) => event.activity_id === 3 && isOfWorker(event))
  equal(workersOf(served).length, 2)
})

test('workers are replaced under load: no request is refused or cut off, and all are on record', {
  skip,
}, async (t) => {
  const served = await startServed(t, two)
  const load = keepAsking(served.port, served.key)
  await load.begun
  const before = workersOf(served)
  deepEqual(await served.control.restart(), { replaced: 2 })
  const { statuses, errors, answered } = await load.stop()
  deepEqual(errors, [])
  deepEqual(Object.keys(statuses), ['200'])
  while (before.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 20))
  equal(workersOf(served).length, 2)
  equal(await served.gateway.stop(), 0)
  equal(served.gateway.stderr(), '')
  await requireRecorded(join(served.cwd, 'data'), answered)
})

test('a stream that runs in a worker that is replaced goes on to its end', { skip }, async (t) => {
  const served = await startServed(t, two)
  const { connection, finish } = await beginStream(served)
  await served.control.restart()
  equal(await served.status(), 200)
  finish()
  match((await connection.read()).body, /"content":"goes ".*\[DONE\]\n\n$/s)
  equal(await served.gateway.stop(), 0)
})

test('SIGTERM lets streams in workers finish, and the log is complete', { skip }, async (t) => {
  const served = await startServed(t, two)
  const { connection, finish } = await beginStream(served)
  const stopped = served.gateway.stop('SIGTERM')
  while (await connects(served.port));
  finish()
  const answer = connection.received
  match((await connection.read()).body, /\[DONE\]\n\n$/)
  equal(await stopped, 0)
  await requireRecorded(join(served.cwd, 'data'), [exchangeIdIn(answer) ?? 'none'])
  const kinds = (await served.events()).map(({ class_uid, activity_id }) => `${class_uid}.${activity_id}`)
  equal(kinds.at(-1), '6002.4')
})

test('when the process with the log dies, the workers serve nobody and end', { skip }, async (t) => {
  const served = await startServed(t, two)
  const workers = workersOf(served)
  await served.gateway.stop('SIGKILL')
  while (workers.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 10))
  // A process that ends lets go of its memory before its sockets.
  while (await connects(served.port));
})

for (const workers of ['1', '2'])
  test(`restarted on sockets that somebody else keeps, it refuses nobody; --workers ${workers}`, {
    skip,
  }, async (t) => {
    // As systemd does it (sd_listen_fds): the socket outlives the program, and who comes meanwhile waits in its queue.
    const socket = new BoundSocket({ host: '127.0.0.1', port: 0 })
    t.after(() => socket.close())
    const start = (cwd: string, args: readonly string[]) => startOn(socket, cwd, args)
    const served = await startServed(t, { args: ['--workers', workers], start })
    equal(served.port, socket.address().port)
    const load = keepAsking(served.port, served.key)
    await load.begun
    equal(await served.gateway.stop(), 0)
    const again = await startOn(socket, served.cwd, ['--workers', workers])
    t.after(() => again.stop('SIGKILL'))
    const { statuses, errors, answered } = await load.stop()
    deepEqual(errors, [])
    deepEqual(Object.keys(statuses), ['200'])
    equal(await again.stop(), 0)
    await requireRecorded(join(served.cwd, 'data'), answered)
  })

test('a socket that is open to the network is not taken for plain HTTP', { skip }, async (t) => {
  const socket = new BoundSocket({ host: '0.0.0.0', port: 0 })
  t.after(() => socket.close())
  const refused = await startServed(t, { start: (cwd, args) => startOn(socket, cwd, args) }).catch((error) => error)
  match(`${refused}`, /the socket that was handed over is not on loopback/)
})

test('two gateways cannot take the same port', { skip }, async (t) => {
  const { port } = await startServed(t, two)
  const again = startServed(t, { ...two, port })
  match(`${await again.catch((error) => error)}`, /cannot listen on 127\.0\.0\.1:\d+: another program does/)
})

function isOfWorker(event: object): boolean {
  return JSON.stringify(event).includes('"name":"holdfast worker"')
}

/** The program with the socket as number 3, told of it as systemd does. */
function startOn(socket: BoundSocket, cwd: string, args: readonly string[]): Promise<RunningGateway> {
  const line = ['-c', 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', 'sh', program, 'serve', '--json', ...args]
  return startCommand(['sh', ...line], { cwd, fd: socket.fd() })
}

async function beginStream(served: Served) {
  const asked = Promise.withResolvers<ServerResponse>()
  const { answer } = served.upstream
  served.upstream.answer = (_, response) => {
    served.upstream.answer = answer
    asked.resolve(response)
  }
  const connection = await connectRaw(served.port)
  connection.write(chatRequest(served.key, { body: chat('Go on.', { stream: true }) }))
  const stream = await asked.promise
  const events = streamOf(['It ', 'goes ', 'on.'])
  stream.writeHead(200, { 'content-type': 'text/event-stream' })
  stream.write(events.slice(0, 2).join(''))
  await connection.until('It ')
  return { connection, finish: () => stream.end(events.slice(2).join('')) }
}

async function connects(port: number): Promise<boolean> {
  const connection = await connectRaw(port).catch(() => undefined)
  connection?.socket.destroy()
  return connection !== undefined
}

function workersOf({ gateway }: Served): number[] {
  return childrenOf(gateway.pid)
}

/** User and system time of all threads (proc(5)). */
function cpuTicksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}
