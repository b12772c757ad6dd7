// Several upstreams for one model: which of them is called, when the next one is, and that nothing is done twice.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readEntries } from '#audit'
import { createEntities, type PolicySet } from '#policy'
import { ensurePolicies, readPolicies } from '#server'
import { type GatewayOptions, openGateway, type TestGateway } from './support/gateway.ts'
import { testRandom } from './support/random.ts'
import { chat, chatRequest, connectRaw, type RawResponse, sendRaw } from './support/raw.ts'
import { answerOf, chunkedStreamHead, chunkOf, startRawUpstream } from './support/raw-upstream.ts'
import { completion, streamOf } from './support/upstream.ts'

const patience = { timeout: 20_000 }
const good = answerOf(JSON.stringify(completion('Hello.')))
const busy = answerOf('{"error":{"message":"busy","code":"busy"}}', { status: 503 })

test('when the first upstream is not there, the next group serves, and the log tells both', patience, async (t) => {
  const { gateway, b } = await openTwo(t)
  await gateway.a.close()
  const before = gateway.installation.log.size
  const response = await send(gateway)
  assert.equal(response.status, 200, response.body)
  assert.equal(b.received.length, 1)
  const [decision, outcome] = await entriesOf(gateway, before)
  assert.equal(decision.upstream, 'a')
  assert.deepEqual(decision.alternatives, ['b'])
  assert.equal(outcome.upstream, 'b')
  assert.deepEqual(
    outcome.attempts.map(({ ms, ...rest }) => rest),
    [
      { upstream: 'a', sent: false, error: 'connect_failed' },
      { upstream: 'b', sent: true, status: 200 },
    ],
  )
})

for (const status of [429, 503, 529])
  test(`an upstream that says ${status} has done nothing: another is asked`, patience, async (t) => {
    const { gateway, a, b } = await openTwo(t)
    a.answer = says(answerOf('{"error":{"message":"busy"}}', { status }))
    assert.equal((await send(gateway)).status, 200)
    assert.deepEqual([a.received.length, b.received.length], [1, 1])
  })

test('when all of them are busy, the client gets the last answer', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t, { settings: { retry: { attempts: 2 } } })
  a.answer = says(busy)
  b.answer = says(answerOf('{"error":{"message":"later","code":"b_busy"}}', { status: 429, lines: ['retry-after: 9'] }))
  const response = await send(gateway)
  assert.equal(response.status, 429)
  assert.equal(response.headers.get('retry-after'), '9')
  assert.equal(JSON.parse(response.body).error.code, 'b_busy')
})

test(
  'the only upstream is asked again after a while, but not when it wants more time than that',
  patience,
  async (t) => {
    const { gateway, a } = await openTwo(t, { settings: { routes: [], retry: { backoff: 1, maxWait: 50 } } })
    a.answer = (socket) => socket.write(a.received.length < 3 ? busy : good)
    assert.equal((await send(gateway)).status, 200)
    assert.equal(a.received.length, 3)
    a.answer = says(answerOf('{"error":{}}', { status: 503, lines: ['retry-after: 1'] }))
    assert.equal((await send(gateway)).status, 503)
    assert.equal(a.received.length, 4)
  },
)

test('what an answer says about the request itself is passed on, not tried elsewhere', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t)
  for (const status of [400, 404, 413, 422, 500, 502, 504]) {
    a.answer = says(answerOf('{"error":{"message":"no"}}', { status }))
    assert.equal((await send(gateway)).status, status)
  }
  assert.equal(b.received.length, 0)
})

test('a request that was received is never sent again, wherever its answer breaks off', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t)
  for (const ending of ['end', 'reset'] as const)
    for (let length = 0; length < good.length; length++) {
      a.answer = breakingOff(good.subarray(0, length), ending)
      const response = await send(gateway)
      assert.equal(response.status, 502, `${length} bytes, then ${ending}: ${response.body}`)
    }
  assert.equal(a.received.length, 2 * good.length)
  assert.equal(b.received.length, 0)
})

test('a request that was received in part only is not sent again either', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t)
  const whole = chatRequest('', { headers: { authorization: 'Bearer sk-upstream-a' } }).length
  for (let length = 1; length < whole; length += 7) {
    a.cutAfter = length
    assert.equal((await send(gateway)).status, 502)
  }
  assert.equal(a.received.length, 0)
  assert.equal(b.received.length, 0)
})

test('a busy answer counts once its head is complete, and not before', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t)
  const headEnd = busy.indexOf('\r\n\r\n') + 4
  for (let length = 0; length <= busy.length; length++) {
    b.received.length = 0
    a.answer = breakingOff(busy.subarray(0, length), 'end')
    const response = await send(gateway)
    assert.equal(response.status, length < headEnd ? 502 : 200, `${length} of ${headEnd}: ${response.body}`)
    assert.equal(b.received.length, length < headEnd ? 0 : 1)
  }
})

test('a stream that has begun ends with its upstream, whether or not an event has gone out', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t)
  const events = streamOf(['Hello']).map(chunkOf)
  for (let sent = 0; sent < events.length; sent++) {
    a.answer = (socket) => {
      socket.write(chunkedStreamHead + events.slice(0, sent).join(''))
      socket.end()
    }
    const { body, status } = await send(gateway, { stream: true })
    assert.match(`${status} ${body}`, /upstream_reset/)
  }
  assert.equal(b.received.length, 0)
})

test(
  'an upstream that takes the request and says nothing has its time limit, and nobody else is asked',
  patience,
  async (t) => {
    const { gateway, a, b } = await openTwo(t, {}, { timeouts: { headers: 40 } })
    a.answer = () => {}
    assert.equal((await send(gateway)).status, 504)
    assert.equal(b.received.length, 0)
  },
)

test('one deadline holds for all attempts', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t, {}, { timeouts: { total: 150 } })
  a.answer = says(busy)
  b.answer = () => {}
  const began = performance.now()
  assert.equal((await send(gateway)).status, 504)
  assert.ok(performance.now() - began < 5000)
  assert.equal(b.received.length, 1)
})

test(
  'whatever two upstreams do, a request goes on only after one has said that it did nothing',
  patience,
  async (t) => {
    const random = testRandom(t)
    const { gateway, a, b } = await openTwo(
      t,
      { settings: { retry: { attempts: 5, backoff: 1 } } },
      { timeouts: { headers: 50, idle: 50 }, connections: 3 },
      { timeouts: { headers: 50, idle: 50 }, health: { failures: 3, openFor: 20, maxOpenFor: 40 } },
    )
    const cut = Math.floor(random() * good.length)
    const behaviours: Record<string, (socket: Socket) => void> = {
      answers: says(good),
      'is busy': says(busy),
      'has too many requests': says(answerOf('{"error":{}}', { status: 429, lines: ['retry-after: 0'] })),
      breaks: says(answerOf('{"error":{}}', { status: 500 })),
      closes: (socket) => socket.end(),
      resets: (socket) => socket.resetAndDestroy(),
      'breaks off': breakingOff(good.subarray(0, cut), 'end'),
      'is busy and resets': breakingOff(busy, 'reset'),
      stalls: () => {},
      'answers and closes': (socket) => socket.end(good),
      'speaks another protocol': says(Buffer.from('220 mail ESMTP\r\n')),
    }
    const names = Object.keys(behaviours)
    const received = new Map<string, string[]>()
    for (const upstream of [a, b])
      upstream.answer = (socket, body) => {
        const behaviour = names[Math.floor(random() * names.length)] ?? ''
        const id = /request \d+/.exec(body)?.[0] ?? ''
        received.set(id, [...(received.get(id) ?? []), behaviour])
        behaviours[behaviour]?.(socket)
      }
    for (let round = 0; round < 50; round++)
      await Promise.all([0, 1, 2, 3].map((n) => send(gateway, { text: `request ${round * 4 + n}` })))
    assert.ok(received.size > 100)
    assert.ok(
      [...received.values()].some((each) => each.length > 2),
      'some were sent on',
    )
    for (const [id, each] of received)
      for (const behaviour of each.slice(0, -1))
        assert.match(behaviour, /^(?:is busy|has too many requests)/, `${id}: ${each.join(', ')}`)
  },
)

test(
  'an upstream without a free connection, or without TLS where it should be, was sent nothing',
  patience,
  async (t) => {
    const { gateway, a, b } = await openTwo(t, {}, { connections: 1, timeouts: { connect: 40 } })
    const held = Promise.withResolvers<Socket>()
    a.answer = (socket) => held.resolve(socket)
    const first = send(gateway)
    const socket = await held.promise
    const before = gateway.installation.log.size
    assert.equal((await send(gateway)).status, 200)
    const [, outcome] = await entriesOf(gateway, before)
    assert.deepEqual(
      outcome.attempts.map(({ ms, ...rest }) => rest),
      [
        { upstream: 'a', sent: false, error: 'connect_timeout' },
        { upstream: 'b', sent: true, status: 200 },
      ],
    )
    assert.equal(stateOf(gateway, 'a').failures, 0, 'that its connections are in use is no failure of it')
    socket.write(good)
    assert.equal((await first).status, 200)
    assert.deepEqual([a.received.length, b.received.length], [1, 1])

    const plain = await startRawUpstream()
    t.after(() => plain.close())
    const other = await openTwo(t, {}, { url: plain.url.replace('http:', 'https:') })
    assert.equal((await send(other.gateway)).status, 200)
    assert.equal(plain.received.length, 0)
    assert.equal(other.b.received.length, 1)
  },
)

test('connections that their upstream closes when idle lose no request and send none twice', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t)
  a.answer = (socket) => socket.end(good)
  for (let n = 0; n < 60; n++) assert.equal((await send(gateway)).status, 200)
  assert.equal(a.received.length, 60)
  assert.equal(b.received.length, 0)
})

test(
  'a connection that is reset by the next request may have carried it out: it is not sent again',
  patience,
  async (t) => {
    const { gateway, a, b } = await openTwo(t)
    const seen = new Set<Socket>()
    a.answer = (socket) => {
      if (seen.has(socket)) socket.resetAndDestroy()
      else socket.write(good)
      seen.add(socket)
    }
    assert.equal((await send(gateway)).status, 200)
    assert.equal((await send(gateway)).status, 502)
    assert.equal(a.received.length, 2)
    assert.equal(b.received.length, 0)
  },
)

test(
  'a client that hangs up while its request waits for another attempt leaves nothing behind',
  patience,
  async (t) => {
    const { gateway, a, b } = await openTwo(t, {
      settings: { routes: [], retry: { backoff: 60_000, maxWait: 60_000 } },
      world: { randomBytes: (count) => new Uint8Array(count).fill(255) },
    })
    const asked = Promise.withResolvers<void>()
    a.answer = (socket) => {
      socket.write(busy)
      asked.resolve()
    }
    const before = gateway.installation.log.size
    const client = await connectRaw(gateway.port)
    client.write(chatRequest(gateway.key))
    await asked.promise
    await gateway.entriesOnce(before, (entries) => entries.length > 0)
    client.socket.destroy()
    const [, outcome] = await entriesOf(gateway, before)
    assert.equal(outcome.ended, 'client_hung_up')
    assert.equal(a.received.length + b.received.length, 1)
  },
)

test('shares go by weight', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t, { settings: { routes: [{ models: ['*'], groups: [{ a: 3, b: 1 }] }] } })
  for (let n = 0; n < 12; n++) assert.equal((await send(gateway)).status, 200)
  assert.deepEqual([a.received.length, b.received.length], [9, 3])
})

test('an upstream that keeps failing is left alone, tried by one request, and taken back', patience, async (t) => {
  const clock = { skipped: 0 }
  const { gateway, a, b } = await openTwo(
    t,
    { world: { monotonic: () => performance.now() + clock.skipped } },
    { health: { failures: 3, openFor: '1m' } },
  )
  a.answer = (socket) => socket.resetAndDestroy()
  for (let n = 0; n < 3; n++) assert.equal((await send(gateway)).status, 502)
  for (let n = 0; n < 5; n++) assert.equal((await send(gateway)).status, 200)
  assert.deepEqual([a.received.length, b.received.length], [3, 5])
  assert.equal(stateOf(gateway, 'a').circuit, 'open')

  clock.skipped = 60_000
  const held = Promise.withResolvers<Socket>()
  a.answer = (socket) => held.resolve(socket)
  const trial = send(gateway)
  const socket = await held.promise
  assert.equal(stateOf(gateway, 'a').circuit, 'half_open')
  assert.equal((await send(gateway)).status, 200)
  assert.equal(b.received.length, 6, 'one at a time')
  a.answer = says(good)
  socket.write(good)
  assert.equal((await trial).status, 200)
  assert.equal(stateOf(gateway, 'a').circuit, 'closed')
  assert.equal((await send(gateway)).status, 200)
  assert.equal(a.received.length, 5)
})

test('when every upstream is left alone, the client is told when to come back', patience, async (t) => {
  const { gateway, a } = await openTwo(t, { settings: { routes: [] } }, { health: { failures: 2, openFor: '30s' } })
  a.answer = (socket) => socket.end()
  for (let n = 0; n < 2; n++) assert.equal((await send(gateway)).status, 502)
  const response = await send(gateway)
  assert.equal(response.status, 503)
  assert.equal(JSON.parse(response.body).error.code, 'upstream_circuit_open')
  assert.match(response.headers.get('retry-after') ?? '', /^(?:2[4-9]|30)$/)
  assert.equal(a.received.length, 2)
})

test('an upstream that is too busy for one model is still asked for others', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t)
  a.answer = (socket, body) =>
    socket.write(
      body.includes('model-1') ? answerOf('{"error":{}}', { status: 429, lines: ['retry-after: 60'] }) : good,
    )
  for (let n = 0; n < 3; n++) assert.equal((await send(gateway, { model: 'model-1' })).status, 200)
  assert.equal((await send(gateway, { model: 'model-2' })).status, 200)
  assert.deepEqual([a.received.length, b.received.length], [2, 3])
})

test('repeating never makes an outage worse than its budget', patience, async (t) => {
  const sparing = { health: { failures: 10_000, failureRate: 1, retryBurst: 5 } }
  const { gateway, a, b } = await openTwo(t, {}, sparing, sparing)
  a.answer = says(busy)
  b.answer = says(busy)
  for (let n = 0; n < 50; n++) assert.equal((await send(gateway)).status, 503)
  assert.ok(a.received.length + b.received.length <= 50 * 1.2 + 5 + 5, `${a.received.length} + ${b.received.length}`)
})

test('a fallback that the policy forbids is never connected to', patience, async (t) => {
  const policy = await policiesWith(`
    @id("never-b") forbid (principal, action == Holdfast::Action::"infer", resource is Holdfast::Model)
    when { resource in Holdfast::Upstream::"b" };`)
  const { gateway, a, b } = await openTwo(t, { change: withPolicy(policy) })
  const failures = [says(busy), (socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]
  for (const answer of failures) {
    a.answer = answer
    assert.notEqual((await send(gateway)).status, 200)
  }
  await gateway.a.close()
  assert.equal((await send(gateway)).status, 502)
  assert.equal(b.connections, 0)
})

test('a fallback that is forbidden for the data in the request is never connected to', patience, async (t) => {
  const policy = await policiesWith(`
    @id("personal-data-stays-at-a") forbid (principal, action == Holdfast::Action::"infer", resource is Holdfast::Model)
    when { context.data.contains("personal.email") && resource in Holdfast::Upstream::"b" };`)
  const { gateway, a, b } = await openTwo(t, {
    change: withPolicy(policy),
    settings: { inspect: { actions: { request: { personal: 'allow' } } } },
  })
  a.answer = says(busy)
  assert.equal((await send(gateway, { text: 'Write to jane.doe@example.com.' })).status, 503)
  assert.equal(b.connections, 0)
  assert.equal((await send(gateway, { text: 'Write to nobody.' })).status, 200)
  assert.equal(b.received.length, 1)
})

test('masked, the same data may go where the policy asks for what leaves unmasked only', patience, async (t) => {
  const policy = await policiesWith(`
    @id("no-personal-data") forbid (principal, action == Holdfast::Action::"infer", resource is Holdfast::Model)
    when { context.data.contains("personal") };
    @id("no-masked-secrets") forbid (principal, action == Holdfast::Action::"infer", resource is Holdfast::Model)
    when { context.masked.contains("secret") };`)
  const { gateway, a } = await openTwo(t, { change: withPolicy(policy) })
  assert.equal((await send(gateway, { text: 'Write to jane.doe@example.com.' })).status, 200)
  const before = gateway.installation.log.size
  const refused = await send(gateway, { text: 'My key is AKIAIOSFODNN7EXAMPLQ.' })
  assert.equal(refused.status, 403)
  assert.equal(JSON.parse(refused.body).error.code, 'data_not_allowed')
  assert.doesNotMatch(refused.body, /AKIA/)
  assert.equal(a.received.length, 1)
  assert.equal((await entriesOf(gateway, before))[0].rule, 'no-masked-secrets')
})

test('an upstream gets only the data that it is cleared for', patience, async (t) => {
  const { gateway, a, b } = await openTwo(
    t,
    { settings: { inspect: { actions: { request: { personal: 'flag', secret: 'flag' } } } } },
    { clearance: [] },
    { clearance: ['personal'] },
  )
  assert.equal((await send(gateway, { text: 'Write to jane.doe@example.com.' })).status, 200)
  assert.deepEqual([a.received.length, b.received.length], [0, 1], 'the first is passed over')
  assert.equal((await send(gateway, { text: 'Write to nobody.' })).status, 200)
  assert.deepEqual([a.received.length, b.received.length], [1, 1])
  const refused = await send(gateway, { text: 'My key is AKIAIOSFODNN7EXAMPLQ.' })
  assert.equal(JSON.parse(refused.body).error.code, 'data_not_allowed')
  await gateway.a.close()
  assert.equal((await send(gateway, { text: 'My key is AKIAIOSFODNN7EXAMPLQ.' })).status, 403)
  assert.deepEqual([a.received.length, b.received.length], [1, 1])
})

test('what could not be inspected goes only where that is allowed', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t, { settings: { wire: { images: 'any' } } }, { clearance: ['personal'] })
  const content = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }]
  const response = await sendRaw(
    gateway.port,
    chatRequest(gateway.key, { body: { model: 'm', messages: [{ role: 'user', content }] } }),
  )
  assert.equal(response.status, 200, response.body)
  assert.deepEqual([a.received.length, b.received.length], [0, 1])
})

test('a policy folder from before there were data classes works as it did', patience, async (t) => {
  const policy = await policiesWith('', (schema) => schema.replace(/, data: Set<String>, masked: Set<String>/, ''))
  const { gateway, a, b } = await openTwo(t, { change: withPolicy(policy) })
  a.answer = says(busy)
  assert.equal((await send(gateway, { text: 'Write to jane.doe@example.com.' })).status, 200)
  assert.equal(b.received.length, 1)
})

test(
  'a policy that asks for data classes where the schema has none is refused with what to add',
  patience,
  async () => {
    const policy = `forbid (principal, action == Holdfast::Action::"infer", resource is Holdfast::Model)
    when { context.masked.contains("secret") };`
    await assert.rejects(
      policiesWith(policy, (schema) => schema.replace(/, data: Set<String>, masked: Set<String>/, '')),
      { code: 'invalid', message: /more\.cedar:2:\d+: .*`masked`.* not found: add `data: Set<String>, masked/ },
    )
  },
)

test('each upstream is asked by its own name for the model, and no other byte changes', patience, async (t) => {
  const { gateway, a, b } = await openTwo(
    t,
    {},
    { modelNames: { fast: 'deployments/7b' } },
    { modelNames: { fast: 'x', other: 'y' } },
  )
  a.answer = says(busy)
  const text = 'Write to jane.doe@example.com, "fast".'
  const body = `{ "n":1 ,"messages" : [{"role":"user","content":${JSON.stringify(text)}}], "model" :"fast", "seed":1e2}`
  const response = await sendRaw(gateway.port, chatRequest(gateway.key, { body }))
  assert.equal(response.status, 200)
  const masked = /\[EMAIL_[a-z0-9]{8}\]/.exec(a.received[0] ?? '')?.[0] ?? 'none'
  const sent = (name: string) =>
    body.replace('jane.doe@example.com', masked).replace('"model" :"fast"', `"model" :${JSON.stringify(name)}`)
  assert.deepEqual(a.received, [sent('deployments/7b')])
  assert.deepEqual(b.received, [sent('x')])
})

test('the answer has the name of the model that was asked for, and no other byte changes', patience, async (t) => {
  const { gateway, a } = await openTwo(t, {}, { modelNames: { fast: 'own-7b' } })
  const said = 'I am "model":"own-7b", "model": "own-7b", {\\"model\\":\\"own-7b\\"} and own-7b.'
  const body = `{ "id":"x", "model" : "own-7b", "choices":[{"index":0,"message":{"role":"assistant","content":${JSON.stringify(said)}},"finish_reason":"stop"}]}`
  a.answer = says(answerOf(body))
  assert.equal((await send(gateway, { model: 'fast' })).body, body.replace('"own-7b"', '"fast"'))
  a.answer = says(answerOf(body.replace('"own-7b"', '"own-7b-2026"')))
  assert.equal((await send(gateway, { model: 'fast' })).body, body.replace('"own-7b"', '"own-7b-2026"'))

  for (const space of ['', ' ']) {
    const events = streamOf([said]).map((event) => event.replace('"model":"test-model"', `"model":${space}"own-7b"`))
    a.answer = (socket) => socket.end(`${chunkedStreamHead}${events.map(chunkOf).join('')}0\r\n\r\n`)
    const streamed = await send(gateway, { model: 'fast', stream: true })
    const chunks = [...streamed.body.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json ?? ''))
    assert.deepEqual(new Set(chunks.map(({ model }) => model)), new Set(['fast']))
    assert.equal(chunks.map(({ choices }) => choices[0].delta.content ?? '').join(''), said)
  }
})

test(
  'an operation that may be carried out twice is sent to another upstream, whatever became of the first',
  patience,
  async (t) => {
    const { gateway, a, b } = await openTwo(t)
    const embeddings = answerOf(
      JSON.stringify({ object: 'list', model: 'm', data: [{ object: 'embedding', index: 0, embedding: [0.5] }] }),
    )
    b.answer = says(embeddings)
    const faults = [
      (socket: Socket) => socket.end(),
      (socket: Socket) => socket.resetAndDestroy(),
      says(answerOf('{"error":{}}', { status: 500 })),
      says(answerOf('<html>', { status: 502 })),
    ]
    for (const fault of faults) {
      a.answer = fault
      const start = 'POST /v1/embeddings HTTP/1.1'
      const request = chatRequest(gateway.key, { start, body: { model: 'm', input: 'Hi.' } })
      const response = await sendRaw(gateway.port, request)
      assert.equal(response.status, 200, response.body)
    }
    assert.deepEqual([a.received.length, b.received.length], [4, 4])
  },
)

test('no name of a model reaches anything but the model', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t, {}, { modelNames: { fast: 'own' } })
  for (const model of [
    '__proto__',
    'constructor',
    'toString',
    'fast/../own',
    '',
    ' ',
    '*',
    'fast\n',
    'a'.repeat(300),
  ]) {
    a.received.length = 0
    const { status } = await send(gateway, { model })
    assert.ok([200, 400].includes(status), `${status} for ${JSON.stringify(model)}`)
    for (const body of a.received) assert.equal(JSON.parse(body).model, model)
  }
  assert.equal(b.received.length, 0)
})

test('the list of models has each once, by the names that clients use', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t, {}, { modelNames: { fast: 'own-7b', 'own-7b': 'something-else' } })
  const list = (...ids: string[]) => says(answerOf(JSON.stringify({ data: ids.map((id) => ({ id })) })))
  a.answer = list('own-7b', 'shared')
  b.answer = list('shared', 'only-b')
  const start = 'GET /v1/models HTTP/1.1'
  const headers = { 'content-length': null, 'content-type': null }
  const { body } = await sendRaw(gateway.port, chatRequest(gateway.key, { start, headers, body: '' }))
  const models = JSON.parse(body).data.map(({ id, owned_by }: Record<string, string>) => `${id} ${owned_by}`)
  assert.deepEqual(models, ['fast a', 'shared a', 'only-b b'])
})

test('the list of models does not wait for an upstream that is left alone', patience, async (t) => {
  const { gateway, a, b } = await openTwo(t, {}, { health: { failures: 1, openFor: '1h', maxOpenFor: '1h' } })
  a.answer = (socket) => socket.end()
  b.answer = says(answerOf('{"data":[{"id":"m"}]}'))
  assert.equal((await send(gateway)).status, 502)
  a.answer = () => {}
  const request = {
    start: 'GET /v1/models HTTP/1.1',
    headers: { 'content-length': null, 'content-type': null },
    body: '',
  }
  const { body } = await sendRaw(gateway.port, chatRequest(gateway.key, request))
  assert.deepEqual(
    JSON.parse(body).data.map(({ id }: { id: string }) => id),
    ['m'],
  )
  assert.equal(a.received.length, 1)
})

/** A gateway with the upstreams a and b, b for when a has failed; upstreams that fail are not left alone. */
async function openTwo(t: TestContext, options: GatewayOptions = {}, forA: object = {}, forB: object = {}) {
  const [a, b] = [await startRawUpstream(), await startRawUpstream()]
  const settingsOf = (name: string, url: string) => ({
    name,
    url,
    key: `sk-upstream-${name}`,
    allowPrivate: true,
    health: { failures: 10_000, failureRate: 1, retryBurst: 10_000 },
  })
  const opened = await openGateway({
    ...options,
    settings: {
      upstreams: [
        { ...settingsOf('a', a.url), ...forA },
        { ...settingsOf('b', b.url), ...forB },
      ],
      routes: [{ models: ['*'], groups: [{ a: 1 }, { b: 1 }] }],
      ...options.settings,
    },
  })
  t.after(async () => {
    await opened.close()
    await a.close()
    await b.close()
  })
  a.answer = says(good)
  b.answer = says(good)
  return { gateway: { ...opened, a }, a, b }
}

function send(
  gateway: TestGateway,
  { text = 'Hi.', model = 'test-model', stream = false }: { text?: string; model?: string; stream?: boolean } = {},
): Promise<RawResponse> {
  const body = chat(text, { model, ...(stream && { stream }) })
  return sendRaw(gateway.port, chatRequest(gateway.key, { lines: ['connection: close'], body }))
}

function stateOf(gateway: TestGateway, name: string) {
  const route = gateway.house.upstreams.find(({ upstream }) => upstream.name === name)
  assert.ok(route)
  return route.health.state()
}

function says(bytes: Uint8Array): (socket: Socket) => void {
  return (socket) => socket.write(bytes)
}

function breakingOff(bytes: Uint8Array, ending: 'end' | 'reset'): (socket: Socket) => void {
  return (socket) => {
    if (ending === 'end') socket.end(bytes)
    else if (bytes.length === 0) socket.resetAndDestroy()
    else socket.write(bytes, () => socket.resetAndDestroy())
  }
}

async function policiesWith(text: string, changeSchema = (schema: string) => schema): Promise<PolicySet> {
  const folder = join(mkdtempSync(join(tmpdir(), 'holdfast-')), 'policies')
  try {
    ensurePolicies(folder)
    writeFileSync(join(folder, 'more.cedar'), text)
    const schema = join(folder, 'holdfast.cedarschema')
    writeFileSync(schema, changeSchema(readFileSync(schema, 'utf8')))
    return await readPolicies(folder)
  } finally {
    rmSync(join(folder, '..'), { recursive: true })
  }
}

function withPolicy(policy: PolicySet): NonNullable<GatewayOptions['change']> {
  return () => ({ policy, entities: createEntities([], policy) })
}

interface Facts {
  readonly upstream: string
  readonly alternatives: readonly string[]
  readonly attempts: readonly { ms: number }[]
  readonly ended: string
  readonly rule: string | undefined
}

/** The two entries of the one exchange after `before`. */
async function entriesOf(gateway: TestGateway, before: number): Promise<[Facts, Facts]> {
  await gateway.entriesOnce(before, (entries) => entries.some(({ phase }) => phase === 'outcome'))
  const found = new Map<string, Facts>()
  for await (const { event } of readEntries({ dir: join(gateway.data, 'log'), from: before })) {
    if (event?.class_uid !== 6003) continue
    const { unmapped, policy } = event as unknown as {
      unmapped: { holdfast: Facts & { phase: string } }
      policy?: { uid: string }
    }
    found.set(unmapped.holdfast.phase, { ...unmapped.holdfast, rule: policy?.uid })
  }
  const [decision, outcome] = [found.get('decision'), found.get('outcome')]
  assert.ok(decision && outcome)
  return [decision, outcome]
}
