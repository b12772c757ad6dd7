import assert from 'node:assert/strict'
import { test } from 'node:test'
import { a, ask, crash, house } from './fixtures.ts'

test('a crash between apply and probe leaves a record that says so, and can be resumed', async (t) => {
  const before = await house(t)
  const probing = Promise.withResolvers<{ ok: boolean; detail: string }>()
  before.on.probe = () => probing.promise
  const lost = before.actions.run('switch_on', a, ask('1'))
  await crash(before, lost, 'applied', () => probing.resolve({ ok: true, detail: 'too late' }))

  const { actions, isOn } = await before.restarted()
  const [record] = await actions.list({ unfinished: true })
  assert.deepEqual([record?.state, await isOn('a')], ['applied', true])
  assert.equal((await actions.run('switch_on', a, ask('1'))).state, 'applied', 'asking again does not run it again')
  const resumed = await actions.resume(record?.id ?? '')
  assert.deepEqual([resumed.state, resumed.probe?.ok], ['verified', true])
  assert.deepEqual(await actions.list({ unfinished: true }), [])
})

test('a crash in the middle of apply is resumed by applying again', async (t) => {
  const before = await house(t)
  const applying = Promise.withResolvers<void>()
  before.on.apply = () => applying.promise
  await crash(before, before.actions.run('switch_on', a, ask('1')), 'applying', applying.resolve)

  const { actions, isOn } = await before.restarted()
  const [record] = await actions.list({ unfinished: true })
  assert.deepEqual([record?.state, await isOn('a')], ['applying', false])
  assert.equal((await actions.resume(record?.id ?? '')).state, 'verified')
  assert.equal(await isOn('a'), true)
})

test('when two processes resume the same record, one of them does', async (t) => {
  const before = await house(t)
  const applying = Promise.withResolvers<void>()
  before.on.apply = () => applying.promise
  await crash(before, before.actions.run('switch_on', a, ask('1')), 'applying', applying.resolve)

  const houses = [await before.restarted(), await before.restarted()]
  const [record] = await before.restarted().then(({ actions }) => actions.list({ unfinished: true }))
  let applied = 0
  for (const { on } of houses) {
    on.apply = async (set) => {
      applied++
      await set()
    }
  }
  const outcomes = await Promise.allSettled(houses.map(({ actions }) => actions.resume(record?.id ?? '')))
  assert.equal(applied, 1)
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
  assert.deepEqual(refused, ['conflict'])
})

test('what a crash interrupted can be given up, and then tells what is in effect', async (t) => {
  const before = await house(t)
  const probing = Promise.withResolvers<{ ok: boolean; detail: string }>()
  before.on.probe = () => probing.promise
  await crash(before, before.actions.run('switch_on', a, ask('1')), 'applied', () =>
    probing.resolve({ ok: true, detail: 'too late' }),
  )

  const { actions } = await before.restarted()
  const [record] = await actions.list({ unfinished: true })
  const abandoned = await actions.abandon(record?.id ?? '', { actor: 'bob', reason: 'not needed' })
  assert.deepEqual([abandoned.state, abandoned.error, abandoned.probe?.ok], ['failed', 'abandoned: not needed', true])
  assert.equal((await actions.history(abandoned.id)).at(-1)?.by, 'bob')
  await assert.rejects(actions.abandon(abandoned.id, { actor: 'bob', reason: 'again' }), { code: 'not_allowed' })
})

test('what the log cannot take is not done', async (t) => {
  const { actions, isOn, log } = await house(t)
  log.isDown = true
  await assert.rejects(actions.run('switch_on', a, ask('1')), { code: 'not_recorded' })
  assert.equal(await isOn('a'), false)
  assert.equal((await actions.list())[0]?.state, 'planned')
})

test('when the log fails between plan and apply, nothing is done and the record is failed', async (t) => {
  const { actions, isOn, log } = await house(t)
  const push = log.events.push.bind(log.events)
  log.events.push = (...events) => {
    log.isDown = true
    return push(...events)
  }
  await assert.rejects(actions.run('switch_on', a, ask('1')), { code: 'not_recorded' })
  const [record] = await actions.list()
  assert.deepEqual(
    [record?.state, record?.error, await isOn('a')],
    ['failed', 'nothing was changed: the log could not take it', false],
  )
})

test('when the log fails after apply, the proof is still made and kept, and is logged later', async (t) => {
  const { actions, on, log } = await house(t)
  on.apply = async (set) => {
    await set()
    log.isDown = true
  }
  await assert.rejects(actions.run('switch_on', a, ask('1')), { code: 'not_recorded' })
  log.isDown = false
  await actions.recover()
  const record = await actions.run('switch_on', a, ask('1'))
  assert.deepEqual([record.state, record.logIndex], ['verified', 3])
  assert.deepEqual(
    log.events.map(({ status_id }) => status_id),
    [0, 0, 4, 1],
  )
})
