// Places and addresses end to end: how many run at once, and what somebody may do whom nobody knows.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type GatewayOptions, openGateway, type TestGateway } from './support/gateway.ts'
import { chat, chatRequest, connectRaw, type RawConnection, type RawResponse, sendRaw } from './support/raw.ts'
import { completion, sendJson } from './support/upstream.ts'

const patience = { timeout: 20_000 }

async function gatewayWith(t: TestContext, limits: object, options: GatewayOptions = {}): Promise<TestGateway> {
  const gateway = await openGateway({ ...options, limits })
  t.after(() => gateway.close())
  return gateway
}

const ask = ({ port, key }: TestGateway, model = 'test-model') =>
  sendRaw(port, chatRequest(key, { body: { ...chat('Hi.'), model } }))
const codeOf = ({ body }: RawResponse): unknown => JSON.parse(body).error?.code

/** Requests that an upstream holds until it is told to answer. */
async function hold(gateway: TestGateway, count: number, model = 'test-model') {
  const connections: RawConnection[] = []
  const release: (() => void)[] = []
  const all = Promise.withResolvers<void>()
  gateway.upstream.answer = (_request, response) => {
    release.push(() => sendJson(response, completion('Hello.')))
    if (release.length === count) all.resolve()
  }
  for (let i = 0; i < count; i++) {
    const connection = await connectRaw(gateway.port)
    connection.write(chatRequest(gateway.key, { body: { ...chat('Hi.'), model } }))
    connections.push(connection)
  }
  await all.promise
  return { connections, release }
}

test('a key has as many places as configured, and gets one back when an exchange ends', patience, async (t) => {
  const gateway = await gatewayWith(t, { concurrency: { key: 2 } })
  const { connections, release } = await hold(gateway, 2)
  const refused = await ask(gateway)
  assert.deepEqual([refused.status, codeOf(refused)], [429, 'concurrency_limit_exceeded'])
  assert.equal(refused.headers.get('retry-after'), '1')
  release[0]?.()
  assert.equal((await connections[0]?.read())?.status, 200)
  gateway.upstream.answer = (_request, response) => sendJson(response, completion('Hello.'))
  assert.equal((await ask(gateway)).status, 200)
  release[1]?.()
  for (const { socket } of connections) socket.destroy()
})

test('a client that hangs up gives its place back', patience, async (t) => {
  const gateway = await gatewayWith(t, { concurrency: { key: 1 } })
  const before = (await gateway.entries(0)).length
  const { connections } = await hold(gateway, 1)
  for (const { socket } of connections) socket.destroy()
  await gateway.entriesOnce(before, (entries) => entries.some(({ phase }) => phase === 'outcome'))
  gateway.upstream.answer = (_request, response) => sendJson(response, completion('Hello.'))
  assert.equal((await ask(gateway)).status, 200)
})

test('a stage that breaks gives its place back', patience, async (t) => {
  let isBroken = true
  const gateway = await gatewayWith(
    t,
    { concurrency: { key: 1 } },
    {
      change: ({ inspector }) => ({
        inspector: {
          ...inspector,
          inspect(input, scope) {
            if (isBroken) throw new Error('broken')
            return inspector.inspect(input, scope)
          },
        },
      }),
    },
  )
  for (let i = 0; i < 3; i++) assert.equal((await ask(gateway)).status, 503)
  isBroken = false
  assert.equal((await ask(gateway)).status, 200)
})

test(
  'a model has its own places, for all clients together, and other models are not concerned',
  patience,
  async (t) => {
    const gateway = await gatewayWith(t, { concurrency: { models: [{ models: ['gpu-*'], atOnce: 1 }] } })
    const { connections, release } = await hold(gateway, 1, 'gpu-large')
    const refused = await ask(gateway, 'gpu-small')
    assert.deepEqual([refused.status, codeOf(refused)], [429, 'concurrency_limit_exceeded'])
    gateway.upstream.answer = (_request, response) => sendJson(response, completion('Hello.'))
    assert.equal((await ask(gateway, 'other')).status, 200)
    release[0]?.()
    await connections[0]?.read()
    assert.equal((await ask(gateway, 'gpu-small')).status, 200)
    connections[0]?.socket.destroy()
  },
)

const strict = { addresses: { failures: 5, records: 2, recordsInTotal: 100 } }

test('an address that tries keys is refused before any is looked at, a good one included', patience, async (t) => {
  const gateway = await gatewayWith(t, strict)
  const from = (await gateway.entries(0)).length
  const wrong = () => sendRaw(gateway.port, chatRequest('hold_wrong', { body: '{}' }))
  for (let i = 0; i < 5; i++) assert.equal((await wrong()).status, 401)
  const refused = await ask(gateway)
  assert.deepEqual([refused.status, codeOf(refused)], [429, 'too_many_failures'])
  assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/)
  assert.equal(gateway.upstream.received.length, 0)
  const decisions = (await gateway.entries(from)).filter(({ phase }) => phase === 'decision')
  assert.deepEqual(
    decisions.map(({ code }) => code),
    ['invalid_api_key', 'invalid_api_key'],
  )
})

test('what has no log entry of its own is summed up in one', patience, async () => {
  const summed: { status_code?: unknown; details?: unknown }[] = []
  const gateway = await openGateway({
    limits: { addresses: { failures: 1000, records: 2, recordsInTotal: 100 } },
    change: ({ note }) => ({
      note(event) {
        if ('status_code' in event && event.status_code === 'refused_unidentified') {
          const { holdfast } = event.unmapped as { holdfast: object }
          summed.push({ status_code: event.status_code, details: holdfast })
        }
        return note(event)
      },
    }),
  })
  for (let i = 0; i < 20; i++) await sendRaw(gateway.port, 'GARBAGE\r\n\r\n')
  for (let i = 0; i < 10; i++) await sendRaw(gateway.port, chatRequest('hold_wrong', { body: '{}' }))
  const decisions = await gateway.entries(0)
  assert.equal(decisions.filter(({ phase }) => phase === 'decision').length, 2)
  await gateway.close()
  const [sum, ...others] = summed
  assert.ok(sum !== undefined && others.length === 0, 'there is one sum')
  const { count, codes } = sum.details as { count: number; codes: object }
  assert.deepEqual({ count, codes }, { count: 28, codes: { malformed_http: 18, invalid_api_key: 10 } })
})

test(
  'behind a trusted proxy each client counts for itself; from anybody else X-Forwarded-For says nothing',
  patience,
  async (t) => {
    const wrongFrom = (gateway: TestGateway, client: string) =>
      sendRaw(gateway.port, chatRequest('hold_wrong', { body: '{}', headers: { 'x-forwarded-for': client } }))
    const behind = await gatewayWith(t, { addresses: { ...strict.addresses, trustedProxies: ['127.0.0.0/8'] } })
    for (let i = 0; i < 5; i++) await wrongFrom(behind, '198.51.100.1')
    assert.equal((await wrongFrom(behind, '198.51.100.1')).status, 429)
    assert.equal((await wrongFrom(behind, '198.51.100.2')).status, 401)
    const direct = await gatewayWith(t, strict)
    for (let i = 0; i < 5; i++) await wrongFrom(direct, `198.51.100.${i}`)
    assert.equal((await wrongFrom(direct, '198.51.100.9')).status, 429)
  },
)
