// Bad input, group 19: several requests on one connection before the first is answered.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type LoggedExchange, openGateway } from './support/gateway.ts'
import { chat, chatRequest, connectRaw } from './support/raw.ts'
import { assertOpenAiError, assertServes } from './support/refused.ts'
import { completion, sendJson, streamOf } from './support/upstream.ts'

const gateway = await openGateway()
after(() => gateway.close())
const patience = { timeout: 10_000 }
const { key, upstream } = gateway
const usual = upstream.answer

test('requests sent at once are answered in their order, each by its own answer', patience, async () => {
  const connection = await connectRaw(gateway.port)
  const names = ['first', 'second', 'third']
  upstream.answer = (request, response) => sendJson(response, completion(JSON.parse(request.body).messages[0].content))
  connection.write(Buffer.concat(names.map((name) => chatRequest(key, { body: chat(name) }))))
  for (const name of names) {
    const response = await connection.read()
    assert.equal(JSON.parse(response.body).choices[0].message.content, name)
  }
  upstream.answer = usual
  connection.socket.destroy()
})

test('garbage behind a good request is refused behind its answer, which stays whole', patience, async () => {
  const release = Promise.withResolvers<void>()
  upstream.answer = async (_, response) => {
    const events = streamOf(['one ', 'two'])
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(events.shift())
    await release.promise
    for (const event of events) response.write(event)
    response.end()
  }
  const before = gateway.installation.log.size
  const connection = await connectRaw(gateway.port)
  connection.write(chatRequest(key, { body: chat('Hi.', { stream: true }) }))
  await connection.until('"role":"assistant"')
  connection.write('garbage\r\n\r\n')
  await gateway.entriesOnce(before, (entries) => entries.some(({ code }) => code === 'malformed_http'))
  release.resolve()
  const answer = await connection.read()
  assert.equal(answer.status, 200)
  assert.match(answer.body, /one .*two.*\[DONE\]\n\n$/s)
  assertOpenAiError(await connection.read(), 400, 'malformed_http')
  await connection.closed
  upstream.answer = usual
})

test('a client that sends a hundred requests at once and leaves has them all given up', patience, async () => {
  const before = gateway.installation.log.size
  const arrived = Promise.withResolvers<void>()
  upstream.answer = () => arrived.resolve()
  const connection = await connectRaw(gateway.port)
  connection.write(Buffer.concat(Array.from({ length: 100 }, () => chatRequest(key))))
  await arrived.promise
  connection.socket.destroy()
  await gateway.entriesOnce(before, (entries) => entries.filter(isGivenUp).length === 100)
  upstream.answer = usual
  await assertServes(gateway)
})

function isGivenUp({ phase, code }: LoggedExchange): boolean {
  return phase === 'outcome' && (code === 'client_hung_up' || code === 'incomplete_request')
}
