// What cannot be written to the log is not served: no byte of an answer leaves, whatever came first.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openGateway, type TestGateway } from './support/gateway.ts'
import { say } from './support/upstream.ts'

let gateway: TestGateway
/** How the log takes the next decision. */
let record: () => Promise<unknown>

before(async () => {
  gateway = await openGateway({ change: () => ({ record: () => record() }) })
  gateway.upstream.answer = say('the answer', ' itself')
})

after(() => gateway.close())

const refuses = () => Promise.reject(new Error('no space left'))

function ask(body: object | undefined, key = gateway.key) {
  const path = body === undefined ? 'models' : 'chat/completions'
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
  return fetch(`http://127.0.0.1:${gateway.port}/v1/${path}`, init)
}

async function errorCode(response: Response): Promise<unknown> {
  return JSON.parse(await response.text()).error.code
}

const chat = (stream: boolean) => ({ model: 'm', stream, messages: [{ role: 'user', content: 'hi' }] })

for (const [name, body, key] of [
  ['an answer', chat(false), undefined],
  ['a stream', chat(true), undefined],
  ['a list of models', undefined, undefined],
  ['a refusal', chat(false), 'hold_unknown'],
] as const) {
  test(`${name} whose decision cannot be recorded becomes 503`, async () => {
    record = refuses
    const response = await ask(body, key)
    assert.equal(response.status, 503)
    assert.equal(await errorCode(response), 'not_recorded')
  })

  test(`${name} that is complete before the log fails does not leave either`, async () => {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => {})
    record = () => promise
    const said = Promise.withResolvers<void>()
    gateway.upstream.answer = (request, response) => {
      response.once('close', said.resolve)
      return say('the answer', ' itself')(request, response)
    }
    const answered = ask(body, key)
    // A refusal asks no upstream.
    if (key === undefined) await said.promise
    reject(new Error('the disk is gone'))
    const response = await answered
    assert.equal(response.status, 503)
    assert.equal(await errorCode(response), 'not_recorded')
  })
}

test('an answer that is blocked before its decision is on disk comes as an error alone', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  record = () => promise
  // Text that may go, and then something that is no event.
  gateway.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"choices":[{"index":0,"delta":{"content":"well. "}}]}\n\n')
    response.once('close', resolve)
    response.end('data: {"choices":[{"index":0,"delta":{"content":\n\n')
  }
  const response = await ask(chat(true))
  assert.equal(response.status, 502)
  assert.equal(await errorCode(response), 'invalid_response')
})

test('the gateway serves again as soon as the log does', async () => {
  record = () => Promise.resolve()
  gateway.upstream.answer = say('the answer', ' itself')
  const response = await ask(chat(false))
  assert.equal(response.status, 200)
  assert.match(await response.text(), /the answer itself/)
})
