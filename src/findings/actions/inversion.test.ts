import assert from 'node:assert/strict'
import { test } from 'node:test'
import { a, ask, crash, house, type Tables } from './fixtures.ts'

test('an action is taken back by its inverse, and both records say so', async (t) => {
  const { actions, isOn, log } = await house(t)
  const record = await actions.run('switch_on', a, ask('1'))
  const who = { actor: 'bob', reason: 'false alarm' }
  const inverse = await actions.invert(record.id, who)
  assert.deepEqual(
    [inverse.kind, inverse.state, inverse.inverts, inverse.actor],
    ['switch_off', 'verified', record.id, 'bob'],
  )
  assert.equal(await isOn('a'), false)
  const original = await actions.get(record.id)
  assert.deepEqual([original?.state, original?.invertedBy], ['inverted', inverse.id])
  assert.equal(log.events[original?.logIndex ?? -1]?.status_detail, `taken back by ${inverse.id}`)
  assert.deepEqual(await actions.invert(record.id, who), inverse, 'taking back twice is taking back once')
})

test('two who take it back at once take it back once', async (t) => {
  const { actions } = await house(t)
  const { id } = await actions.run('switch_on', a, ask('1'))
  const who = { actor: 'bob', reason: 'r' }
  const [one, two] = await Promise.all([actions.invert(id, who), actions.invert(id, who)])
  assert.deepEqual(one, two)
  assert.equal((await actions.list({ kind: 'switch_off' })).length, 1)
})

test('an inverse that fails leaves the action in force, and can be tried again', async (t) => {
  const { actions, off } = await house(t)
  const { id } = await actions.run('switch_on', a, ask('1'))
  off.probe = async () => ({ ok: false, detail: 'stuck' })
  const who = { actor: 'bob', reason: 'r' }
  assert.equal((await actions.invert(id, who)).state, 'failed')
  assert.equal((await actions.get(id))?.state, 'verified')
  delete off.probe
  assert.equal((await actions.invert(id, who)).state, 'verified')
  assert.equal((await actions.get(id))?.state, 'inverted')
})

test('an inverse that a crash interrupted is finished when it is asked for again', async (t) => {
  const before = await house(t)
  const { id } = await before.actions.run('switch_on', a, ask('1'))
  const probing = Promise.withResolvers<{ ok: boolean; detail: string }>()
  before.off.probe = () => probing.promise
  const who = { actor: 'bob', reason: 'r' }
  await crash(before, before.actions.invert(id, who), 'applied', () =>
    probing.resolve({ ok: true, detail: 'too late' }),
  )

  const { actions } = await before.restarted()
  assert.equal((await actions.get(id))?.state, 'verified')
  const inverse = await actions.invert(id, who)
  assert.deepEqual([inverse.state, (await actions.get(id))?.state], ['verified', 'inverted'])
  assert.equal((await actions.list({ kind: 'switch_off' })).length, 1)
})

test('what changed nothing has nothing to take back', async (t) => {
  const { actions } = await house(t)
  await actions.run('switch_on', a, ask('1'))
  const again = await actions.run('switch_on', a, ask('2'))
  assert.deepEqual([again.state, again.isReversible], ['verified', false])
  await assert.rejects(actions.invert(again.id, { actor: 'a', reason: 'r' }), { code: 'not_allowed' })
  const burnt = await actions.run('burn', { id: 'b' }, ask('3'))
  await assert.rejects(actions.invert(burnt.id, { actor: 'a', reason: 'r' }), { code: 'not_allowed' })
})

test('at the end of its time an action is taken back by itself', async (t) => {
  const { actions, clock, isOn } = await house(t)
  const record = await actions.run('switch_on', a, ask('1', { timeLimitMs: 60_000 }))
  assert.equal(record.expiresAt, clock.at + 60_000)
  clock.at += 59_999
  assert.deepEqual(await actions.expire(), { inverted: [], failed: [] })
  clock.at += 1
  const { inverted } = await actions.expire()
  assert.deepEqual(
    inverted.map(({ inverts, actor, reason }) => [inverts, actor, reason]),
    [[record.id, 'holdfast', 'the time limit of 60000 ms is over']],
  )
  assert.equal(await isOn('a'), false)
  assert.deepEqual(await actions.expire(), { inverted: [], failed: [] })
})

test('a restart does not forget what has a time limit, even when it was interrupted', async (t) => {
  const before = await house(t)
  const probing = Promise.withResolvers<{ ok: boolean; detail: string }>()
  before.on.probe = () => probing.promise
  await crash(before, before.actions.run('switch_on', a, ask('1', { timeLimitMs: 1000 })), 'applied', () =>
    probing.resolve({ ok: true, detail: 'too late' }),
  )
  const { actions, clock, isOn } = await before.restarted()
  clock.at += 1000
  assert.equal((await actions.expire()).inverted.length, 1)
  assert.equal(await isOn('a'), false)
  assert.deepEqual(await actions.list({ unfinished: true }), [])
})

test('what could not be taken back at its time is tried again, ever more rarely', async (t) => {
  const { actions, clock, off } = await house(t)
  const { id } = await actions.run('switch_on', a, ask('1', { timeLimitMs: 1000 }))
  off.probe = async () => ({ ok: false, detail: 'stuck' })
  clock.at += 1000
  const { failed } = await actions.expire()
  assert.deepEqual(failed, [{ id, message: 'the probe did not find it in effect: stuck' }])
  assert.deepEqual((await actions.expire()).failed, [])
  clock.at += 60_000
  assert.equal((await actions.expire()).failed.length, 1)
  clock.at += 60_000
  assert.deepEqual((await actions.expire()).failed, [])
  delete off.probe
  clock.at += 60_000
  assert.equal((await actions.expire()).inverted.length, 1)
})

test('the end of one action does not end another that wants the same for longer', async (t) => {
  const { actions, clock, isOn } = await house(t)
  const short = await actions.run('switch_on', a, ask('short', { timeLimitMs: 1_000 }))
  const long = await actions.run('switch_on', a, ask('long', { timeLimitMs: 5_000 }))
  clock.at += 1_000
  assert.deepEqual(await actions.expire(), { inverted: [], failed: [] })
  assert.equal(await isOn('a'), true)
  assert.equal((await actions.history(short.id)).at(-1)?.detail, `stays in force for ${long.id}`)
  clock.at += 4_000
  assert.deepEqual(
    (await actions.expire()).inverted.map(({ inverts }) => inverts),
    [long.id],
  )
  assert.equal(await isOn('a'), false)
})

test('the end of one action does not end another that wants the same for ever', async (t) => {
  const { actions, clock, isOn } = await house(t)
  await actions.run('switch_on', a, ask('short', { timeLimitMs: 1_000 }))
  const ever = await actions.run('switch_on', a, ask('ever'))
  clock.at += 10_000
  assert.deepEqual(await actions.expire(), { inverted: [], failed: [] })
  assert.equal(await isOn('a'), true)
  await actions.invert(ever.id, { actor: 'bob', reason: 'r' })
  assert.equal(await isOn('a'), false)
})

test('what never took effect is not taken back at the end of its time: others may have put it in effect', async (t) => {
  const { actions, clock, on, isOn, store } = await house(t)
  on.apply = async () => {
    throw new Error('no electricity')
  }
  await actions.run('switch_on', a, ask('1', { timeLimitMs: 1_000 }))
  await store.database<Tables>().insertInto('switch').values({ id: 'a', is_on: 1 }).execute()
  clock.at += 1_000
  assert.deepEqual(await actions.expire(), { inverted: [], failed: [] })
  assert.equal(await isOn('a'), true)
})

test('what cannot be taken back cannot have a time limit', async (t) => {
  const { actions } = await house(t)
  await assert.rejects(actions.run('burn', a, ask('1', { timeLimitMs: 1 })), { code: 'not_allowed' })
  assert.deepEqual(await actions.list(), [])
})
