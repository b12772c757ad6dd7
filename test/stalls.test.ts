// What stands still: a machine that sleeps, a client that does not read. Nobody is blamed for the first, and the second
// costs no memory.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { childrenOf } from './support/holdfast.ts'
import { chat, chatRequest, connectRaw } from './support/raw.ts'
import { requireRecorded, startServed } from './support/served.ts'

const patience = { skip: process.platform !== 'linux' && 'NOT TESTED: reads /proc', timeout: 60_000 }

test('after a sleep of the machine every worker is still there, and serves', patience, async (t) => {
  const served = await startServed(t, { args: ['--workers', '2'] })
  const { pid } = served.gateway
  const workers = childrenOf(pid)
  const all = [pid, ...workers]
  equal(await served.status(), 200)
  // Longer than a worker that has hung would be left alone. All processes stand still, and so do their clocks' turns.
  for (const each of all) process.kill(each, 'SIGSTOP')
  await delay(7000)
  // The first process wakes first, and finds no sign of life from the others yet.
  for (const each of all) process.kill(each, 'SIGCONT')
  // Through the next looks at the heartbeats, which are a second apart.
  const wokenAt = performance.now()
  while (performance.now() < wokenAt + 3000) equal(await served.status(), 200)
  deepEqual(childrenOf(pid), workers, served.gateway.stderr())
  equal(await served.gateway.stop(), 0)
  await requireRecorded(join(served.cwd, 'data'), [])
})

test('clients that ask for a stream and never read it cost no more memory than their sockets', patience, async (t) => {
  const served = await startServed(t, { upstream: 'maxResponseBytes: 1GiB' })
  const { gateway, port, key, upstream } = served
  const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'word '.repeat(1600) } }] })}\n\n`
  let written = 0
  upstream.answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    // As much as is taken: 32 MiB for each, if nobody held it back.
    const more = () => {
      for (let left = 4096; left > 0 && !response.destroyed; left--) {
        written += event.length
        if (!response.write(event)) break
      }
    }
    response.on('drain', more)
    more()
  }
  const before = residentMiB(gateway.pid)
  const clients = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const client = await connectRaw(port)
      client.socket.pause()
      client.write(chatRequest(key, { body: chat('Hi.', { stream: true }) }))
      return client
    }),
  )
  // Until nothing flows any more.
  for (let seen = -1; seen !== written; ) {
    seen = written
    await delay(500)
  }
  ok(written > 40 * event.length, 'they were answered')
  const grown = residentMiB(gateway.pid) - before
  ok(grown < 300, `${grown} MiB more for 40 clients, and the upstream was held at ${written >> 20} MiB`)
  upstream.answer = (_, response) => void response.setHeader('content-type', 'application/json').end('{"choices":[]}')
  equal(await served.status(), 200)
  for (const { socket } of clients) socket.destroy()
  equal(await gateway.stop(), 0)
})

test('a thousand clients that send nothing, or a byte at a time, keep nobody else waiting', patience, async (t) => {
  const served = await startServed(t)
  const before = residentMiB(served.gateway.pid)
  // With a key of their own: what runs at once is counted for each.
  const { secret } = await served.control.createKey({ name: 's', principal: 's', tenant: 't', scopes: ['chat'] })
  const request = chatRequest(secret)
  const slow = await Promise.all(Array.from({ length: 1000 }, () => connectRaw(served.port)))
  for (const [at, client] of slow.entries()) client.write(request.subarray(0, at % request.length))
  for (let count = 0; count < 20; count++) equal(await served.status(), 200)
  const grown = residentMiB(served.gateway.pid) - before
  ok(grown < 200, `${grown} MiB more`)
  for (const { socket } of slow) socket.destroy()
  equal(await served.gateway.stop(), 0)
  await requireRecorded(join(served.cwd, 'data'), [])
})

function residentMiB(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kib) / 1024)
}
