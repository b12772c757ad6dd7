import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Detector, InspectInput, Match, Verdict } from './detector.ts'
import { InspectError } from './error.ts'
import { createInspector, type InspectorOptions } from './inspector.ts'
import { personalData } from './personal.ts'
import { secrets } from './secrets.ts'

const options: InspectorOptions = {
  detectors: [personalData(), secrets()],
  actions: { request: { personal: 'mask', 'personal.phone': 'flag' }, response: { personal: 'allow' } },
  cacheEntries: 100,
  timeLimitMs: 50,
  now: () => 0,
}
const input: InspectInput = {
  text: 'mail bob@example.com, call +44 20 7946 0958',
  channel: 'user',
  contentType: 'text',
  direction: 'request',
}
const acme = { tenant: 'acme' }

test('the action is that of the kind, else of the category, else flag, for each direction', () => {
  const inspector = createInspector(options)
  assert.deepEqual(actions(inspector.inspect(input, acme)), ['email mask', 'phone flag'])
  assert.deepEqual(actions(inspector.inspect({ ...input, direction: 'response' }, acme)), [
    'email allow',
    'phone allow',
  ])
  assert.deepEqual(actions(inspector.inspect({ ...input, text: 'postgres://a:s3cr3t@db.example/x' }, acme)), [
    'url_password flag',
  ])
})

test('a verdict says which detector of which version found what, where in the original text', () => {
  const text = 'né: bo\u200bb@example.com'
  const [verdict] = sync(createInspector(options).inspect({ ...input, text }, acme))
  assert.deepEqual(verdict, {
    kind: 'email',
    start: 4,
    end: text.length,
    score: 0.95,
    detector: 'personal',
    version: '1',
    category: 'personal',
    action: 'mask',
  })
})

test('a text is inspected once for each tenant, channel, content type and direction', () => {
  let runs = 0
  const inspector = createInspector({ ...options, detectors: [counting(() => runs++)] })
  const first = inspector.inspect(input, acme)
  assert.equal(inspector.inspect({ ...input }, { tenant: 'acme' }), first)
  assert.equal(runs, 1)
  inspector.inspect(input, { tenant: 'other' })
  inspector.inspect({ ...input, channel: 'document' }, acme)
  inspector.inspect({ ...input, contentType: 'json' }, acme)
  inspector.inspect({ ...input, direction: 'response' }, acme)
  inspector.inspect({ ...input, text: `${input.text} ` }, acme)
  assert.equal(runs, 6)
})

test('no two inputs share a cache key by running their fields together', () => {
  let runs = 0
  const inspector = createInspector({ ...options, detectors: [counting(() => runs++)] })
  inspector.inspect({ ...input, channel: 'a', text: 'x' }, { tenant: 'bc' })
  inspector.inspect({ ...input, channel: 'ab', text: 'x' }, { tenant: 'c' })
  inspector.inspect({ ...input, channel: 'a', text: 'c\nx' }, { tenant: 'b' })
  assert.equal(runs, 3)
})

test('the cache forgets what was used longest ago', () => {
  let runs = 0
  const inspector = createInspector({ ...options, cacheEntries: 2, detectors: [counting(() => runs++)] })
  for (const text of ['a', 'b', 'a', 'c', 'a']) inspector.inspect({ ...input, text }, acme)
  assert.equal(runs, 3)
  inspector.inspect({ ...input, text: 'b' }, acme)
  assert.equal(runs, 4)
})

test('a detector that throws fails the inspection closed, and says which one without the text', () => {
  const inspector = createInspector({
    ...options,
    detectors: [
      detector(() => {
        throw new Error(`cannot read ${input.text}`)
      }),
    ],
  })
  assert.throws(
    () => inspector.inspect(input, acme),
    (error) =>
      error instanceof InspectError &&
      error.code === 'detector_failed' &&
      error.detector === 'fake' &&
      !error.message.includes('bob'),
  )
})

test('a detector that rejects, or reports a span outside the text, fails closed', async () => {
  const rejecting = createInspector({ ...options, detectors: [detector(() => Promise.reject(new Error('no')))] })
  await assert.rejects(async () => rejecting.inspect(input, acme), { code: 'detector_failed' })
  for (const [start, end] of [
    [-1, 3],
    [3, 3],
    [0, 1e6],
    [Number.NaN, 2],
  ] as const) {
    const wrong = createInspector({ ...options, detectors: [detector(() => [{ kind: 'x', start, end, score: 1 }])] })
    assert.throws(() => wrong.inspect(input, acme), { code: 'detector_failed' })
  }
})

test('a detector that hangs fails closed at the time limit, and leaves no timer behind', async (context: TestContext) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const inspector = createInspector({ ...options, detectors: [detector(() => new Promise(() => {}))] })
  const verdicts = inspector.inspect(input, acme)
  const refused = assert.rejects(async () => verdicts, { code: 'detector_timeout', detector: 'fake' })
  context.mock.timers.tick(50)
  await refused
})

test('a failed inspection is not remembered', async () => {
  let isBroken = true
  const inspector = createInspector({
    ...options,
    detectors: [detector(() => (isBroken ? Promise.reject(new Error('no')) : Promise.resolve([])))],
  })
  await assert.rejects(async () => inspector.inspect(input, acme))
  isBroken = false
  assert.deepEqual(await inspector.inspect(input, acme), [])
})

test('when one detector throws at once, another that fails later does so unseen', async () => {
  const { promise, reject } = Promise.withResolvers<Match[]>()
  const throwing = detector(() => {
    throw new Error('at once')
  })
  const inspector = createInspector({ ...options, detectors: [detector(() => promise), throwing] })
  assert.throws(() => inspector.inspect(input, acme), { code: 'detector_failed' })
  reject(new Error('later')) // an unhandled rejection would fail this test file
  await promise.catch(() => {})
})

test('a synchronous detector that overruns the limit is told of, and its answer counts', () => {
  const times = [0, 80]
  const overruns: [string, number][] = []
  const inspector = createInspector({
    ...options,
    detectors: [detector(() => [{ kind: 'x', start: 0, end: 4, score: 1 }])],
    now: () => times.shift() ?? 80,
    onOverrun: (id, ms) => overruns.push([id, ms]),
  })
  assert.equal(sync(inspector.inspect(input, acme)).length, 1)
  assert.deepEqual(overruns, [['fake', 80]])
})

test('asynchronous and synchronous detectors work together', async () => {
  const inspector = createInspector({
    ...options,
    detectors: [personalData(), detector(async () => [{ kind: 'x', start: 0, end: 4, score: 1 }])],
  })
  const verdicts = inspector.inspect(input, acme)
  assert.ok(verdicts instanceof Promise)
  assert.deepEqual(
    (await verdicts).map(({ kind }) => kind),
    ['x', 'email', 'phone'],
  )
})

function detector(detect: () => readonly Match[] | Promise<readonly Match[]>): Detector {
  return { id: 'fake', version: '1', category: 'secret', detect }
}

function counting(count: () => void): Detector {
  return detector(() => {
    count()
    return []
  })
}

function sync(verdicts: readonly Verdict[] | Promise<readonly Verdict[]>): readonly Verdict[] {
  assert.ok(!(verdicts instanceof Promise))
  return verdicts
}

function actions(verdicts: readonly Verdict[] | Promise<readonly Verdict[]>): string[] {
  return sync(verdicts).map(({ kind, action }) => `${kind} ${action}`)
}
