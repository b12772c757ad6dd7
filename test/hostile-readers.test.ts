// Clients that do not read, or slowly: they hold the upstream back and cost no memory.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type LoggedExchange, openGateway } from './support/gateway.ts'
import { chat, chatRequest, connectRaw, sendRaw } from './support/raw.ts'
import { answerOf, chunkedStreamHead, chunkOf, startRawUpstream } from './support/raw-upstream.ts'
import { completion, streamOf } from './support/upstream.ts'

const upstream = await startRawUpstream()
const gateway = await openGateway({ url: upstream.url, limits: { totalTimeout: 1000 } })
after(async () => {
  await gateway.close()
  await upstream.close()
})
/** What is still held counts, not what has not been collected yet. */
setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const patience = { timeout: 15_000 }
const { key } = gateway
const streaming = chatRequest(key, { body: chat('Hi.', { stream: true }) })
const [role = '', hello = '', finish = '', done = ''] = streamOf(['Hello to all of you. '])
const isLate = ({ rule }: LoggedExchange) => rule === 'walk: total_timeout'

test(
  'a client that does not read holds the upstream back, costs no memory, and is cut off in the end',
  patience,
  async () => {
    const before = gateway.installation.log.size
    let sent = 0
    const event = chunkOf(hello.replace('Hello', 'Hello '.repeat(2000)))
    upstream.answer = (socket) => {
      const fill = () => {
        while (!socket.destroyed) {
          sent += event.length
          if (!socket.write(event)) return
        }
      }
      socket.on('drain', fill)
      socket.write(chunkedStreamHead + chunkOf(role))
      fill()
    }
    const memory = process.memoryUsage().arrayBuffers
    const connection = await connectRaw(gateway.port)
    connection.socket.pause()
    connection.write(streaming)
    await gateway.entriesOnce(before, (entries) => entries.some(isLate))
    await upstream.idle()
    assert.ok(sent < 20_000_000, `${sent} bytes were taken from the upstream`)
    collectGarbage()
    assert.ok(process.memoryUsage().arrayBuffers - memory < 30_000_000)
    connection.socket.destroy()
    await assertServes()
  },
)

test('a client that does not read a whole answer is cut off in the end', patience, async () => {
  const before = gateway.installation.log.size
  const large = JSON.stringify(completion('Hello. '.repeat(1_500_000)))
  upstream.answer = (socket) => socket.write(answerOf(large))
  const connection = await connectRaw(gateway.port)
  connection.socket.pause()
  connection.write(chatRequest(key))
  await gateway.entriesOnce(before, (entries) => entries.some(isLate))
  connection.socket.resume()
  await connection.closed
  await assertServes()
})

test('a client that reads slowly gets all of it', patience, async () => {
  const events = Array.from({ length: 2000 }, (_, n) =>
    chunkOf(hello.replace('Hello', `Hello ${n} ${'.'.repeat(500)}`)),
  )
  upstream.answer = (socket) =>
    socket.write([chunkedStreamHead, chunkOf(role), ...events, chunkOf(finish), chunkOf(done), '0\r\n\r\n'].join(''))
  const connection = await connectRaw(gateway.port)
  connection.write(streaming)
  connection.socket.on('data', () => {
    connection.socket.pause()
    setImmediate(() => connection.socket.resume())
  })
  const { body } = await connection.read()
  assert.equal(body.match(/Hello \d+/g)?.length, 2000)
  assert.ok(body.endsWith(done))
  connection.socket.destroy()
})

async function assertServes(): Promise<void> {
  upstream.answer = (socket) => socket.write(answerOf(JSON.stringify(completion('Hello.'))))
  const response = await sendRaw(gateway.port, chatRequest(key, { lines: ['connection: close'] }))
  assert.equal(response.status, 200, response.body)
}
