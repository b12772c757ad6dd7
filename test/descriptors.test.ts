// Too many open files: connections of clients never take the descriptors that the log, the store and running requests
// need; and when there are none all the same, requests are refused and the service resumes by itself.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { program, startCommand } from './support/holdfast.ts'
import { chat, chatRequest, connectRaw, exchangeIdIn, type RawConnection } from './support/raw.ts'
import { requireRecorded, startServed } from './support/served.ts'
import { heldStream } from './support/upstream.ts'

const patience = { skip: process.platform !== 'linux' && 'NOT TESTED: reads /proc', timeout: 60_000 }

/** As `startServe`, in a shell that limits its open files. */
function withOpenFiles(limit: number) {
  const script = `ulimit -n ${limit}; exec "$0" "$@"`
  return (cwd: string, args: readonly string[]) =>
    startCommand(['sh', '-c', script, program, 'serve', '--json', ...args], { cwd })
}

for (const args of [[], ['--workers', '2']])
  test(
    `a flood of idle connections takes no descriptor from what runs (${args.join(' ') || 'one process'})`,
    patience,
    async (t) => {
      const served = await startServed(t, { args, start: withOpenFiles(256) })
      const { port, key, cwd, gateway, upstream, control } = served
      const stream = heldStream(upstream)
      const running = await connectRaw(port)
      running.write(chatRequest(key, { body: chat(stream.said, { stream: true }) }))
      await running.until('data: ')

      // (256 - 128) / 2 connections fit into each process.
      const flood = await Promise.all(Array.from({ length: 300 }, () => connectRaw(port)))
      const left = await leftOpen(flood, 64 * Math.max(1, args.length) - 1)
      equal((await control.listKeys()).length, 1)
      stream.end()
      await running.until('[DONE]')
      ok((await control.createKey({ name: 'n', principal: 'p', tenant: 't', scopes: ['chat'] })).secret.length > 0)
      match(
        gateway.stderr(),
        /more than 64 connections at once \(listen\.maxConnections\): others are closed unanswered/,
      )
      ok(gateway.stderr().split('\n').length < 6, gateway.stderr())

      for (const connection of left) connection.socket.destroy()
      running.socket.destroy()
      while ((await served.status().catch(() => 0)) !== 200);
      equal(await gateway.stop(), 0)
      await requireRecorded(join(cwd, 'data'), [exchangeIdIn(running.received) ?? ''])
    },
  )

test('connections that wait for a next request make room for those that have one', patience, async (t) => {
  const { port, key } = await startServed(t, { yaml: 'listen: { port: 0, maxConnections: 2 }' })
  const [first, second] = [await connectRaw(port), await connectRaw(port)]
  for (const waiting of [first, second]) {
    waiting.write(chatRequest(key))
    equal((await waiting.read()).status, 200)
  }
  await (await connectRaw(port)).closed
  await Promise.all([first.closed, second.closed])
  const next = await connectRaw(port)
  next.write(chatRequest(key))
  equal((await next.read()).status, 200)
})

test('without a descriptor a request is refused and recorded; with one, the next is served', patience, async (t) => {
  const { port, key, cwd, gateway, upstream } = await startServed(t)
  const usual = upstream.answer
  upstream.answer = (request, response) => usual(request, response.setHeader('connection', 'close'))
  const connection = await connectRaw(port)
  const answers: { readonly status: number; readonly code: unknown; readonly id: string }[] = []
  const ask = async () => {
    connection.write(chatRequest(key))
    const { status, body, headers } = await connection.read()
    answers.push({ status, code: JSON.parse(body).error?.code, id: headers.get('x-request-id') ?? '' })
    return status
  }
  equal(await ask(), 200)
  limitOpenFiles(gateway.pid, 0)
  // More than it takes until an upstream that is down is given up.
  for (let count = 0; count < 30; count++) equal(await ask(), 503)
  deepEqual([...new Set(answers.slice(1).map(({ code }) => code))], ['upstream_no_resources'])
  limitOpenFiles(gateway.pid, 4096)
  equal(await ask(), 200)

  // As many as there are: connections take them until one is closed, since it cannot be accepted.
  limitOpenFiles(gateway.pid, 1 + Math.max(...readdirSync(`/proc/${gateway.pid}/fd`).map(Number)))
  const flood: RawConnection[] = []
  while (!flood.some(({ socket }) => socket.closed)) flood.push(await connectRaw(port))
  for (const { socket } of flood) socket.destroy()
  limitOpenFiles(gateway.pid, 4096)
  const another = await connectRaw(port)
  another.write(chatRequest(key))
  equal((await another.read()).status, 200)
  equal(await gateway.stop(), 0)
  await requireRecorded(
    join(cwd, 'data'),
    answers.map(({ id }) => id),
  )
})

/** The soft limit of a running process. */
function limitOpenFiles(pid: number, limit: number): void {
  equal(spawnSync('prlimit', ['--pid', `${pid}`, `--nofile=${limit}:`]).status, 0)
}

/** Those that are still open, once no more than `most` are. */
async function leftOpen(connections: readonly RawConnection[], most: number): Promise<readonly RawConnection[]> {
  const isOpen = ({ socket }: RawConnection) => !socket.closed
  while (connections.filter(isOpen).length > most)
    await Promise.race(connections.filter(isOpen).map(({ closed }) => closed))
  return connections.filter(isOpen)
}
