// Bad input, group 23: a detector that throws, rejects, lies or hangs. The exchange fails closed and the log says so.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createInspector, type Detector, inspectSchema } from '#inspect'
import { type LoggedExchange, openGateway } from './support/gateway.ts'
import { chat, chatRequest, connectRaw, type RawResponse, sendRaw } from './support/raw.ts'
import { assertOpenAiError, assertRefused, assertServes } from './support/refused.ts'
import { completion, sendJson, streamOf } from './support/upstream.ts'

/** What the next texts with the word TRIGGER make the detector do. */
let misbehave: () => ReturnType<Detector['detect']> = () => []
let misbehaveInStream: () => never = () => assert.fail('not set')

const detector: Detector = {
  id: 'broken',
  version: '1',
  category: 'injection',
  detect: ({ text }) => (text.includes('TRIGGER') ? misbehave() : []),
  stream: {
    maxLength: 32,
    scan: ({ text }) => {
      if (text.includes('TRIGGER')) misbehaveInStream()
      return { matches: [], pending: text.length }
    },
  },
}

const gateway = await openGateway({
  change: ({ monotonic }) => inspecting(monotonic, 50),
})
after(() => gateway.close())
const unhandled: unknown[] = []
process.on('unhandledRejection', (error) => unhandled.push(error))
const patience = { timeout: 10_000 }
const { key, upstream } = gateway
const usual = upstream.answer
const unscanned = { status: 503, code: 'not_inspected', hostile: ['TRIGGER', 'evil', 'broken'] }
const trigger = chatRequest(key, { body: chat('TRIGGER') })

const faults: Record<string, () => ReturnType<Detector['detect']>> = {
  throws: () => {
    throw new Error('evil TRIGGER')
  },
  'throws what is no error': () => {
    throw 'evil TRIGGER'
  },
  'throws nothing': () => {
    throw undefined
  },
  'overflows the stack': function overflow(): never {
    return overflow()
  },
  rejects: () => Promise.reject(new Error('evil TRIGGER')),
  'rejects with nothing': () => Promise.reject(),
  'never answers': () => new Promise(() => {}),
  'answers after its time': () => new Promise((resolve) => setTimeout(() => resolve([]), 80)),
  'finds something outside the text': () => [{ kind: 'evil', start: 0, end: 1_000_000, score: 1 }],
  'finds something before the text': () => [{ kind: 'evil', start: -5, end: 2, score: 1 }],
  'finds something inside out': () => [{ kind: 'evil', start: 5, end: 2, score: 1 }],
  'finds something at no place': () => [{ kind: 'evil', start: Number.NaN, end: Number.NaN, score: 1 }],
  'finds something outside the text, later': () => Promise.resolve([{ kind: 'evil', start: 0, end: 1e9, score: 1 }]),
}
for (const [what, fault] of Object.entries(faults))
  test(`a detector that ${what}: 503, not forwarded, and on record as not scanned`, patience, async () => {
    misbehave = fault
    await assertRefused(gateway, trigger, unscanned)
  })

test('one text that was not scanned is enough, whatever the others were', patience, async () => {
  misbehave = () => Promise.reject(new Error('evil'))
  const messages = ['fine', 'TRIGGER', 'fine'].map((content) => ({ role: 'user', content }))
  await assertRefused(gateway, chatRequest(key, { body: { model: 'test-model', messages } }), unscanned)
})

test('a failure is not remembered as a verdict: the same text is looked at again', patience, async () => {
  misbehave = () => Promise.reject(new Error('evil'))
  await assertRefused(gateway, trigger, unscanned)
  misbehave = () => [{ kind: 'seen', start: 0, end: 7, score: 1 }]
  await assertRefused(gateway, trigger, {
    status: 403,
    code: 'prompt_injection',
    scan: 'scanned',
    hostile: ['TRIGGER'],
  })
})

test('two that fail, one at once and one later, are one refusal', patience, async () => {
  const answers = [() => Promise.reject(new Error('evil')), faults.throws ?? assert.fail()]
  misbehave = () => answers.shift()?.() ?? []
  const messages = [1, 2].map((n) => ({ role: 'user', content: `TRIGGER both ${n}` }))
  await assertRefused(gateway, chatRequest(key, { body: { model: 'test-model', messages } }), unscanned)
})

test(
  'a stage that takes too long fails closed, and a detector that answers after all makes it no scan',
  patience,
  async () => {
    let answer = () => {}
    misbehave = () => new Promise((resolve) => (answer = () => resolve([])))
    const impatient = await openGateway({
      settings: { stageTimeout: 20 },
      change: ({ record, monotonic }) => ({
        ...inspecting(monotonic, 10_000),
        record: async (event) => {
          answer()
          await new Promise((resolve) => setImmediate(resolve))
          return record(event)
        },
      }),
    })
    const bytes = chatRequest(impatient.key, { body: chat('TRIGGER late') })
    assertOpenAiError(await sendRaw(impatient.port, bytes), 503, 'not_inspected')
    const entries = await impatient.entriesOnce(0, (found) => found.length === 2)
    for (const entry of entries) assert.equal(entry.scan, 'not_scanned')
    await impatient.close()
  },
)

test('a client that leaves while a detector hangs is on record, and nothing is forwarded', patience, async () => {
  const asked = Promise.withResolvers<void>()
  misbehave = () => {
    asked.resolve()
    return new Promise(() => {})
  }
  const before = gateway.installation.log.size
  const connection = await connectRaw(gateway.port)
  connection.write(chatRequest(key, { body: chat('TRIGGER and leave') }))
  await asked.promise
  connection.socket.destroy()
  await gateway.entriesOnce(before, (entries) => entries.some(isUnscannedOutcome))
  assert.equal(
    upstream.received.some(({ body }) => body.includes('TRIGGER')),
    false,
  )
  await assertServes(gateway)
})

test('a client that leaves while a detector works is given up, and nothing is forwarded', patience, async () => {
  const asked = Promise.withResolvers<() => void>()
  misbehave = () => new Promise((resolve) => asked.resolve(() => resolve([])))
  const before = gateway.installation.log.size
  const connection = await connectRaw(gateway.port)
  connection.write(chatRequest(key, { body: chat('TRIGGER and go') }))
  const answer = await asked.promise
  connection.socket.resetAndDestroy()
  // The gateway serves another connection: by then it has seen that this one is gone.
  await assertServes(gateway)
  answer()
  const isGivenUp = ({ phase, code }: LoggedExchange) => phase === 'outcome' && code === 'client_hung_up'
  await gateway.entriesOnce(before, (entries) => entries.some(isGivenUp))
  assert.equal(
    upstream.received.some(({ body }) => body.includes('TRIGGER')),
    false,
  )
})

test('a detector that fails over an answer: the client gets an error instead of it', patience, async () => {
  misbehaveInStream = () => {
    throw new Error('evil TRIGGER')
  }
  upstream.answer = (_, response) => sendJson(response, completion('TRIGGER'))
  const whole = await ask()
  assertOpenAiError(whole.response, 502, 'not_inspected', ['TRIGGER', 'evil'])
  assert.equal(whole.outcome?.code, 'failed')
  assert.equal(whole.outcome?.status, 2)
  assert.equal(whole.outcome?.scan, 'not_scanned')
  upstream.answer = (_, response) => sendJson(response, { error: { message: 'TRIGGER' } }, 500)
  assertOpenAiError((await ask()).response, 502, 'not_inspected', ['TRIGGER', 'evil'])
})

test('a detector that fails in the middle of a stream ends it with an error event', patience, async () => {
  misbehaveInStream = () => {
    throw new Error('evil TRIGGER')
  }
  const goOn = Promise.withResolvers<void>()
  upstream.answer = async (_, response) => {
    const [role, hello, ...others] = streamOf(['Hello to all. ', 'TRIGGER', ' and more'])
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`${role}${hello}`)
    await goOn.promise
    for (const event of others) response.write(event)
  }
  const before = gateway.installation.log.size
  const connection = await connectRaw(gateway.port)
  connection.write(chatRequest(key, { body: chat('Hi.', { stream: true }), lines: ['connection: close'] }))
  await connection.until('Hello to all')
  goOn.resolve()
  const { status, body } = await connection.read()
  upstream.answer = usual
  assert.equal(status, 200)
  assert.doesNotMatch(body, /TRIGGER|more|DONE|evil/)
  assert.match(body, /data: \{"error":\{[^\n]*"not_inspected"\}\}\n\n$/)
  const isOutcome = ({ phase }: { phase: string }) => phase === 'outcome'
  const entries = await gateway.entriesOnce(before, (found) => found.some(isOutcome))
  assert.deepEqual(
    entries.filter(isOutcome).map(({ code, status, scan }) => [code, status, scan]),
    [['failed', 2, 'not_scanned']],
  )
})

test('what the detectors threw is nowhere in what the operator is told', () => {
  assert.ok(gateway.reports.length > 0, 'the operator is told')
  assert.doesNotMatch(gateway.reports.join(''), /TRIGGER|evil/)
})

async function ask(): Promise<{ response: RawResponse; outcome: LoggedExchange | undefined }> {
  const before = gateway.installation.log.size
  const response = await sendRaw(gateway.port, chatRequest(key, { body: chat('Hi.') }))
  const isOutcome = ({ phase, exchange }: LoggedExchange) =>
    phase === 'outcome' && exchange === response.headers.get('x-request-id')
  const entries = await gateway.entriesOnce(before, (found) => found.some(isOutcome))
  upstream.answer = usual
  return { response, outcome: entries.find(isOutcome) }
}

function inspecting(now: () => number, timeLimitMs: number) {
  const { actions } = inspectSchema.parse({})
  return { inspector: createInspector({ detectors: [detector], actions, cacheEntries: 100, timeLimitMs, now }) }
}

test('no failure of a detector is left without a handler', () => assert.deepEqual(unhandled, []))

function isUnscannedOutcome({ phase, code }: LoggedExchange): boolean {
  return phase === 'outcome' && code === 'not_inspected'
}
