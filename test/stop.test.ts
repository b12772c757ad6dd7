// How Holdfast ends: nothing new begins, what runs is finished, and the log is complete.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readEntries, verifyLog } from '#audit'
import { type RunningHoldfast, startHoldfast, temporaryFolder } from './support/holdfast.ts'
import { chat, chatRequest, connectRaw, type RawConnection } from './support/raw.ts'
import { startUpstream, streamOf } from './support/upstream.ts'

const patience = { timeout: 20_000 }
const events = streamOf(['It ', 'goes ', 'on.'])

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(
    `${signal} lets a running stream finish, takes no new connection, and completes the log`,
    patience,
    async (t) => {
      const { holdfast, port, model } = await startWithSlowModel(t)
      const idle = await connectRaw(port)
      idle.write(chatRequest(holdfast.key, { body: chat('Hi.') }))
      model.finish(await model.asked())
      equal((await idle.read()).status, 200)
      const { connection, stream } = await beginStream(holdfast, port, model)

      const stopped = holdfast.stop(signal)
      await idle.closed
      while (await connects(port));
      equal(connection.received.includes('[DONE]'), false)
      model.finish(stream)
      match((await connection.read()).body, /"content":"goes ".*"content":"on\.".*data: \[DONE\]\n\n$/s)
      equal(await stopped, 0, holdfast.stderr())

      const dir = join(holdfast.data, 'log')
      const { problems, size, journaled } = await verifyLog({ dir })
      deepEqual({ problems, journaled }, { problems: [], journaled: 0 })
      const kinds: string[] = []
      for await (const { event } of readEntries({ dir })) kinds.push(kindOf(event))
      equal(kinds.length, size)
      equal(kinds[0], 'start')
      deepEqual(kinds.slice(-3), ['decision', 'outcome', 'stop'])
      equal(holdfast.stderr(), '')
    },
  )

test('a stream without end is cut off when the time to finish is over, and that is on record', patience, async (t) => {
  const { holdfast, port, model } = await startWithSlowModel(t)
  const { connection } = await beginStream(holdfast, port, model)
  const began = performance.now()
  equal(await holdfast.stop('SIGTERM'), 0)
  await connection.closed
  ok(performance.now() - began < 9_000, 'up gives running requests five seconds')
  equal(connection.received.includes('[DONE]'), false)
  const outcomes: unknown[] = []
  for await (const { event } of readEntries({ dir: join(holdfast.data, 'log') }))
    if (kindOf(event) === 'outcome') outcomes.push(event?.status_id)
  deepEqual(outcomes, [2])
})

test('a second signal ends it at once, and the next start finds a log that verifies', patience, async (t) => {
  const { holdfast, port, model } = await startWithSlowModel(t)
  const { connection } = await beginStream(holdfast, port, model)
  const stopped = holdfast.stop('SIGINT')
  while (await connects(port));
  process.kill(holdfast.pid, 'SIGINT')
  equal(await stopped, 130)
  await connection.closed
  const again = await startHoldfast(holdfast.data)
  equal(await again.stop(), 0)
  deepEqual((await verifyLog({ dir: join(holdfast.data, 'log') })).problems, [])
})

interface SlowModel {
  /** The answer to the next request: nothing of it is sent yet. */
  asked(): Promise<ServerResponse>
  finish(response: ServerResponse): void
}

async function startWithSlowModel(t: TestContext) {
  const waiting: ServerResponse[] = []
  let arrived = Promise.withResolvers<void>()
  const upstream = await startUpstream((_request, response) => {
    waiting.push(response)
    arrived.resolve()
  })
  t.after(() => upstream.close())
  const model: SlowModel = {
    async asked() {
      await arrived.promise
      arrived = Promise.withResolvers()
      return waiting.shift() ?? (await model.asked())
    },
    finish(response) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(events.slice(2).join(''))
    },
  }
  const holdfast = await startHoldfast(temporaryFolder(t), '--upstream', upstream.url)
  t.after(() => holdfast.stop('SIGKILL'))
  return { holdfast, port: Number(new URL(holdfast.gateway).port), model }
}

/** A stream of which the client has the first word. */
async function beginStream(
  { key }: RunningHoldfast,
  port: number,
  model: SlowModel,
): Promise<{ connection: RawConnection; stream: ServerResponse }> {
  const connection = await connectRaw(port)
  connection.write(chatRequest(key, { body: chat('Go on.', { stream: true }) }))
  const stream = await model.asked()
  stream.writeHead(200, { 'content-type': 'text/event-stream' })
  stream.write(events.slice(0, 2).join(''))
  await connection.until('It ')
  return { connection, stream }
}

async function connects(port: number): Promise<boolean> {
  const connection = await connectRaw(port).catch(() => undefined)
  connection?.socket.destroy()
  return connection !== undefined
}

function kindOf(event: { class_uid: number; activity_id: number; metadata: { uid: string } } | undefined): string {
  if (event?.class_uid === 6002) return event.activity_id === 3 ? 'start' : 'stop'
  return event?.metadata.uid.split('.')[1] ?? 'other'
}
