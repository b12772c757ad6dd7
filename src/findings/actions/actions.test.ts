import assert from 'node:assert/strict'
import { test } from 'node:test'
import { a, ask, house, switchAction, type Tables } from './fixtures.ts'

test('an action is planned, applied and proved, and each step is in the log before it is told', async (t) => {
  const { actions, isOn, log } = await house(t)
  const record = await actions.run('switch_on', a, ask('1'))
  assert.deepEqual(
    [record.state, record.effects, record.probe],
    ['verified', ['switch a becomes 1'], { ok: true, detail: 'switch a is 1' }],
  )
  assert.equal(await isOn('a'), true)
  const history = await actions.history(record.id)
  assert.deepEqual(
    history.map(({ state }) => state),
    ['planned', 'applying', 'applied', 'verified'],
  )
  assert.deepEqual(
    history.map(({ logIndex }) => logIndex),
    [0, 1, 2, 3],
  )
  assert.equal(record.logIndex, 3)
  const [planned, , applied, verified] = log.events
  assert.deepEqual([planned?.class_uid, planned?.activity_id, planned?.status_id], [7001, 1, 0])
  assert.deepEqual([applied?.status_id, verified?.status_id], [4, 1])
  assert.equal(new Set(log.events.map(({ metadata }) => metadata.uid)).size, 4)
  assert.ok(
    log.events.every(({ metadata, actor }) => metadata.correlation_uid === record.id && actor?.user.uid === 'alice'),
  )
})

test('a dry run says what would happen, changes nothing, and does not use up the key', async (t) => {
  const { actions, isOn } = await house(t)
  const plan = await actions.run('switch_on', a, ask('1', { dryRun: true }))
  assert.deepEqual([plan.state, plan.isDryRun, plan.effects], ['planned', true, ['switch a becomes 1']])
  assert.equal(await isOn('a'), false)
  assert.equal((await actions.history(plan.id)).length, 1)
  await assert.rejects(actions.invert(plan.id, ask('x')), { code: 'invalid' })
  await assert.rejects(actions.invert(plan.id, { actor: 'a', reason: 'r' }), {
    code: 'not_allowed',
    message: /only planned/,
  })
  await assert.rejects(actions.resume(plan.id), { code: 'not_allowed' })
  assert.deepEqual(await actions.list({ unfinished: true }), [])
  assert.equal((await actions.run('switch_on', a, ask('1'))).state, 'verified')
})

test('one idempotency key is one record, run once, also when the calls race', async (t) => {
  const { actions, on } = await house(t)
  let applied = 0
  on.apply = async (set) => {
    applied++
    await set()
  }
  const records = await Promise.all(Array.from({ length: 10 }, () => actions.run('switch_on', a, ask('1'))))
  records.push(await actions.run('switch_on', a, ask('1')))
  assert.deepEqual([applied, new Set(records.map((record) => JSON.stringify(record))).size], [1, 1])
  assert.equal((await actions.run('switch_on', a, ask('2'))).state, 'verified')
  assert.equal(applied, 2)
})

test('two processes with the same key run it once', async (t) => {
  const first = await house(t)
  const second = await first.restarted()
  let applied = 0
  const count = async (set: () => Promise<void>) => {
    applied++
    await set()
  }
  first.on.apply = count
  second.on.apply = count
  const [one, two] = await Promise.all([first, second].map(({ actions }) => actions.run('switch_on', a, ask('1'))))
  assert.equal(one?.id, two?.id)
  assert.equal(applied, 1)
  assert.equal((await first.actions.get(one?.id ?? ''))?.state, 'verified')
})

test('a key that was used for something else is refused', async (t) => {
  const { actions } = await house(t)
  await actions.run('switch_on', { id: 'a', note: 'n' }, ask('1'))
  await assert.rejects(actions.run('switch_on', { id: 'b' }, ask('1')), { code: 'conflict' })
  assert.equal((await actions.run('switch_on', { note: 'n', id: 'a' }, ask('1'))).state, 'verified')
})

test('what fails is failed, with what the probe says about the world', async (t) => {
  const { actions, on, isOn, log } = await house(t)
  on.apply = async () => {
    throw new Error('no electricity')
  }
  const record = await actions.run('switch_on', a, ask('1'))
  assert.deepEqual([record.state, record.error], ['failed', 'applying failed: no electricity'])
  assert.deepEqual(record.probe, { ok: false, detail: 'switch a is 0' })
  assert.equal(await isOn('a'), false)
  const event = log.events[record.logIndex ?? -1]
  assert.deepEqual([event?.status_id, event?.severity_id], [2, 4])
  assert.equal((await actions.run('switch_on', a, ask('1'))).state, 'failed', 'a failed key stays failed')
})

test('what was applied but cannot be seen in effect is failed', async (t) => {
  const { actions, on } = await house(t)
  on.probe = async () => ({ ok: false, detail: 'the lamp is dark' })
  const record = await actions.run('switch_on', a, ask('1'))
  assert.deepEqual([record.state, record.error], ['failed', 'the probe did not find it in effect: the lamp is dark'])
  on.probe = async () => {
    throw new Error('blind')
  }
  const blind = await actions.run('switch_on', a, ask('2'))
  assert.deepEqual([blind.state, blind.probe?.detail], ['failed', 'the probe itself failed: blind'])
})

test('what hangs is given up after its time, is told to stop, and is failed', async (t) => {
  const { actions, on } = await house(t, { executionTimeoutMs: 50 })
  let signal: AbortSignal | undefined
  on.apply = (_set, given) => {
    signal = given
    return new Promise(() => {})
  }
  const record = await actions.run('switch_on', a, ask('1'))
  assert.deepEqual(
    [record.state, record.error, signal?.aborted],
    ['failed', 'applying failed: it did not end within 50 ms', true],
  )
  delete on.apply
  on.probe = () => new Promise(() => {})
  assert.match((await actions.run('switch_on', a, ask('2'))).probe?.detail ?? '', /did not end within 50 ms/)
  on.plan = () => new Promise(() => {})
  await assert.rejects(actions.run('switch_on', a, ask('3')), /did not end within 50 ms/)
})

test('an action that cannot be planned leaves no record', async (t) => {
  const { actions, on } = await house(t)
  on.plan = async () => {
    throw new RangeError('no such switch')
  }
  await assert.rejects(actions.run('switch_on', a, ask('1')), RangeError)
  assert.deepEqual(await actions.list(), [])
})

test('bad requests are refused before anything is stored', async (t) => {
  const { actions } = await house(t)
  const bad: [string, unknown, object, string][] = [
    ['hunter2', a, {}, 'unknown_action'],
    ['switch_on', { id: '' }, {}, 'invalid'],
    ['switch_on', { id: 'a', hunter2: 1 }, {}, 'invalid'],
    ['switch_on', { id: 'x'.repeat(5000) }, {}, 'invalid'],
    ['switch_on', { id: 1n }, {}, 'invalid'],
    ['switch_on', undefined, {}, 'invalid'],
    ['switch_on', a, { actor: '' }, 'invalid'],
    ['switch_on', a, { idempotencyKey: '' }, 'invalid'],
    ['switch_on', a, { idempotencyKey: 'k\0' }, 'invalid'],
    ['switch_on', a, { timeLimitMs: 0 }, 'invalid'],
    ['switch_on', a, { timeLimitMs: Number.POSITIVE_INFINITY }, 'invalid'],
  ]
  for (const [kind, given, more, code] of bad)
    await assert.rejects(actions.run(kind, given, ask('1', more)), { code }, kind)
  for (const id of ['', '\0', 'act_x']) {
    assert.equal(await actions.get(id), undefined)
    await assert.rejects(actions.resume(id), { code: 'unknown_action' })
    await assert.rejects(actions.invert(id, { actor: 'a', reason: 'r' }), { code: 'unknown_action' })
  }
  assert.deepEqual(await actions.list(), [])
})

test('a kind is registered once, and an action without its inverse does not run', async (t) => {
  const { actions, store } = await house(t)
  const action = switchAction(store.database<Tables>(), 1, {})
  assert.throws(() => actions.register(action), { code: 'conflict' })
  assert.throws(() => actions.register({ ...action, kind: 'Bad Kind' }), { code: 'invalid' })
  actions.register({ ...action, kind: 'odd', inverse: 'nowhere' })
  await assert.rejects(actions.run('odd', a, ask('1')), { code: 'unknown_action', message: /nowhere/ })
})

test('the largest record fits in one entry of the log', async (t) => {
  const { actions, log, store } = await house(t)
  const worst = '\u0001'.repeat(5_000)
  const action = switchAction(store.database<Tables>(), 1, {})
  const effects = Array.from({ length: 100 }, () => worst)
  actions.register({
    ...action,
    kind: 'big',
    plan: async () => ({ effects, undo: null }),
    probe: async () => ({ ok: false, detail: worst }),
  })
  const record = await actions.run('big', { id: 'x'.repeat(4_000) }, ask('1', { reason: worst, actor: worst }))
  assert.equal(record.state, 'failed')
  assert.ok(log.events.every((event) => Buffer.byteLength(JSON.stringify(event)) < 65_000))
})
