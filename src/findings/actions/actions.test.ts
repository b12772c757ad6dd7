import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { OcsfEvent } from '#audit'
import { inventoryMigrations } from '#inventory'
import { type Migration, openStore, type Store } from '#store'
import { type Action, type Actions, createActions, type FindingsTables, findingsMigrations } from '../index.ts'

// The action of these tests: switching a row on and off in a real store.
type Tables = FindingsTables & { switch: { id: string; is_on: number } }

const switches: Migration = {
  id: 'test/0001-switches',
  up: ({ schema }) => [
    schema
      .createTable('switch')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('is_on', 'integer', (column) => column.notNull()),
  ],
}

interface Faults {
  apply?: (set: () => Promise<void>, signal: AbortSignal) => Promise<void>
  probe?: () => Promise<{ ok: boolean; detail: string }>
  plan?: () => Promise<void>
}

const params = z.strictObject({ id: z.string().min(1), note: z.string().optional() })

function switchAction(database: Kysely<Tables>, to: 0 | 1, faults: Faults): Action<z.output<typeof params>> {
  const read = async (id: string) => {
    const row = await database.selectFrom('switch').selectAll().where('id', '=', id).executeTakeFirst()
    return row?.is_on ?? 0
  }
  const write = async (id: string) => {
    const row = { id, is_on: to }
    await database
      .insertInto('switch')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute()
  }
  return {
    kind: to === 1 ? 'switch_on' : 'switch_off',
    tactic: to === 1 ? 'isolate' : 'restore',
    inverse: to === 1 ? 'switch_off' : 'switch_on',
    params,
    async plan({ id }) {
      await faults.plan?.()
      const isChange = (await read(id)) !== to
      return { effects: [isChange ? `switch ${id} becomes ${to}` : 'nothing changes'], undo: isChange ? { id } : null }
    },
    apply: ({ id }, signal) => (faults.apply === undefined ? write(id) : faults.apply(() => write(id), signal)),
    async probe({ id }) {
      if (faults.probe !== undefined) return faults.probe()
      const found = await read(id)
      return { ok: found === to, detail: `switch ${id} is ${found}` }
    },
  }
}

interface House {
  readonly actions: Actions
  readonly clock: { at: number }
  readonly log: { events: OcsfEvent[]; isDown: boolean }
  readonly on: Faults
  readonly off: Faults
  isOn(id: string): Promise<boolean>
  /** Another process over the same store, as after a restart. */
  restarted(): Promise<House>
  readonly store: Store
}

interface From {
  readonly path?: string
  readonly clock?: House['clock']
  readonly log?: House['log']
  readonly executionTimeoutMs?: number
}

async function house(t: TestContext, from: From = {}): Promise<House> {
  const folder = from.path === undefined ? mkdtempSync(join(tmpdir(), 'holdfast-actions-')) : undefined
  const path = from.path ?? join(folder ?? '', 'store.db')
  const clock = from.clock ?? { at: 1_000_000 }
  const log = from.log ?? { events: [], isDown: false }
  const now = () => clock.at
  const store = await openStore({ path, now })
  t.after(async () => {
    await store.close()
    if (folder !== undefined) rmSync(folder, { recursive: true })
  })
  await store.migrate([...inventoryMigrations, ...findingsMigrations, switches])
  const database = store.database<Tables>()
  const record = async (event: OcsfEvent) => {
    if (log.isDown) throw new Error('disk full')
    return { index: log.events.push(event) - 1 }
  }
  const actions = createActions({
    database: store.database<FindingsTables>(),
    now,
    record,
    executionTimeoutMs: from.executionTimeoutMs ?? 10_000,
  })
  const [on, off]: [Faults, Faults] = [{}, {}]
  actions.register(switchAction(database, 1, on))
  actions.register(switchAction(database, 0, off))
  actions.register({ ...switchAction(database, 1, on), kind: 'burn', inverse: null })
  return {
    actions,
    clock,
    log,
    on,
    off,
    store,
    isOn: async (id) => {
      const row = await database.selectFrom('switch').selectAll().where('id', '=', id).executeTakeFirst()
      return row?.is_on === 1
    },
    restarted: () => house(t, { path, clock, log }),
  }
}

const ask = (idempotencyKey: string, more: object = {}) => ({
  actor: 'alice',
  reason: 'because',
  idempotencyKey,
  ...more,
})
const a = { id: 'a' }

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

/** Takes the store away from an action that hangs in `state`, then lets it go on into nothing. */
async function crash({ actions, store }: House, running: Promise<unknown>, state: string, letGo: () => void) {
  running.catch(() => undefined)
  for (;;) {
    const [record] = await actions.list({ unfinished: true })
    if (record?.state === state) break
  }
  await store.close()
  letGo()
  await assert.rejects(running, { code: 'closed' })
}

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
