// Budgets on a real store: what a restart remembers, whatever was going on.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { openStore, type Store } from '#store'
import { type LimitsTables, limitsMigrations } from '../migrations.ts'
import { type BudgetCharge, type BudgetLedger, openBudgets } from './budgets.ts'

const epoch = Date.parse('2026-11-20T12:00:30Z')
const account = (subject: string, period: 'minute' | 'day' = 'day') =>
  ({ budget: 'b', per: 'key', subject, period, unit: 'tokens' }) as const
const charge = (subject: string, amount: number, limit = 100, period: 'minute' | 'day' = 'day'): BudgetCharge => ({
  account: account(subject, period),
  amount,
  limit,
  timeZone: 'UTC',
})

interface World {
  readonly store: Store
  readonly clock: { at: number }
  /** Opens what the store has, as a new process would. */
  open(): Promise<BudgetLedger>
}

async function openWorld(): Promise<World> {
  const clock = { at: epoch }
  const now = () => clock.at
  const store = await openStore({ path: ':memory:', now })
  await store.migrate(limitsMigrations)
  return { store, clock, open: () => openBudgets({ database: store.database<LimitsTables>(), now }) }
}

async function worldOf(t: TestContext): Promise<World> {
  const world = await openWorld()
  t.after(() => world.store.close())
  return world
}

const spentBy = (budgets: BudgetLedger) =>
  Object.fromEntries(budgets.list().map(({ account, spent, reserved }) => [account.subject, [spent, reserved]]))

test('what was settled is remembered, and what was still reserved when the program ended counts as spent', async (t) => {
  const { open } = await worldOf(t)
  const first = await open()
  await first.reserve('a', [charge('k', 40), charge('l', 5)])
  await first.reserve('b', [charge('k', 30)])
  first.settle('a', [10, 5])
  await first.close()
  const second = await open()
  assert.deepEqual(spentBy(second), { k: [40, 0], l: [5, 0] })
  assert.equal((await second.reserve('c', [charge('k', 61)])).allowed, false)
  assert.equal((await second.reserve('c', [charge('k', 60)])).allowed, true)
})

test('folding changes nothing of what is remembered', async (t) => {
  const { open, store } = await worldOf(t)
  const first = await open()
  for (const id of ['a', 'b', 'c']) await first.reserve(id, [charge('k', 10)])
  first.settle('a', [1])
  first.settle('b', [2])
  await first.keepUp()
  await first.keepUp()
  assert.equal((await store.database<LimitsTables>().selectFrom('limits_journal').selectAll().execute()).length, 1)
  first.settle('c', [4])
  await first.keepUp()
  assert.deepEqual(spentBy(await open()), { k: [7, 0] })
})

test('a new window begins with nothing spent, and the old one is found again when the clock is set back', async (t) => {
  const { open, clock } = await worldOf(t)
  const budgets = await open()
  const ask = (id: string) => budgets.reserve(id, [charge('k', 100, 100, 'minute')])
  assert.equal((await ask('a')).allowed, true)
  budgets.settle('a', [100])
  const refused = await ask('b')
  assert.deepEqual([refused.allowed, refused.retryAfterMs], [false, 30_000])
  clock.at += 30_000
  assert.equal((await ask('b')).allowed, true)
  budgets.settle('b', [100])
  clock.at -= 30_000
  await budgets.keepUp()
  assert.equal((await ask('c')).allowed, false)
  // And after a restart too.
  assert.equal((await (await open()).reserve('c', [charge('k', 1, 100, 'minute')])).allowed, false)
})

test('what was reserved a day ago and never settled counts as spent, since whoever reserved it is gone', async (t) => {
  const { open, clock } = await worldOf(t)
  const budgets = await open()
  const monthly = { ...charge('k', 60), account: { ...account('k'), period: 'month' as const } }
  await budgets.reserve('lost', [monthly])
  clock.at += 86_399_999
  await budgets.keepUp()
  assert.deepEqual(spentBy(budgets), { k: [0, 60] })
  clock.at += 1
  await budgets.keepUp()
  assert.deepEqual(spentBy(budgets), { k: [60, 0] })
  budgets.settle('lost', [0])
  assert.deepEqual(spentBy(budgets), { k: [60, 0] })
})

test('windows that are long over are erased from the store', async (t) => {
  const { open, clock, store } = await worldOf(t)
  const budgets = await open()
  await budgets.reserve('a', [charge('k', 1, 100, 'minute')])
  budgets.settle('a', [1])
  await budgets.keepUp()
  clock.at += 2 * 3_600_000
  await budgets.keepUp()
  assert.deepEqual(await store.database<LimitsTables>().selectFrom('limits_balances').selectAll().execute(), [])
})

test('a reservation that cannot be written is none', async (t) => {
  const { open, store } = await worldOf(t)
  const budgets = await open()
  await store.database().schema.dropTable('limits_journal').execute()
  const first = budgets.reserve('a', [charge('k', 50)])
  first.catch(() => {})
  // While the first is being written.
  for (let turn = 0; turn < 5; turn++) await undefined
  const second = budgets.reserve('b', [charge('k', 50)])
  await assert.rejects(first)
  await assert.rejects(second)
  assert.deepEqual(spentBy(budgets), { k: [0, 0] })
})

test('a settlement that cannot be written is written when the store works again', async (t) => {
  const { open, store } = await worldOf(t)
  const budgets = await open()
  await budgets.reserve('a', [charge('k', 100)])
  await store.database().schema.alterTable('limits_journal').renameTo('gone').execute()
  budgets.settle('a', [30])
  await assert.rejects(budgets.keepUp())
  await store.database().schema.alterTable('gone').renameTo('limits_journal').execute()
  await budgets.keepUp()
  assert.deepEqual(spentBy(await open()), { k: [30, 0] })
})

test('a damaged balance stops the start: better none than one without a limit', async (t) => {
  const { open, store } = await worldOf(t)
  const journal = store.database<LimitsTables>()
  for (const lines of ['', '{}', '[1]', '[["a",0,1,2]]', '[["a",0,1,2,-5]]']) {
    await journal.insertInto('limits_journal').values({ id: 'x', is_open: 0, lines }).execute()
    await assert.rejects(open(), { code: 'damaged' })
    await journal.deleteFrom('limits_journal').execute()
  }
})

test('a thousand reservations at once are a thousand rows, and not one too many is granted', async (t) => {
  const { open } = await worldOf(t)
  const budgets = await open()
  const decisions = await Promise.all(
    Array.from({ length: 1000 }, (_, index) => budgets.reserve(`${index}`, [charge('k', 1, 700)])),
  )
  assert.equal(decisions.filter(({ allowed }) => allowed).length, 700)
  assert.deepEqual(spentBy(await open()), { k: [700, 0] })
})

test('however reservations, settlements, folds, restarts and crashes follow each other, nothing spent is forgotten', async () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('reserve' as const),
      id: fc.nat(7),
      subject: fc.constantFrom('k', 'l'),
      amount: fc.nat(9),
    }),
    fc.record({ do: fc.constant('settle' as const), id: fc.nat(7), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ do: fc.constant('fold' as const) }),
    fc.record({ do: fc.constant('restart' as const) }),
    fc.record({ do: fc.constant('crash' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { store, open } = await openWorld()
      try {
        let budgets = await open()
        let lives = 0
        const limit = 30
        const running = new Map<string, { subject: string; amount: number }>()
        const spent: Record<string, number> = { k: 0, l: 0 }
        const book = (subject: string, amount: number) => {
          spent[subject] = (spent[subject] ?? 0) + amount
        }
        for (const each of steps) {
          if (each.do === 'fold') await budgets.keepUp()
          else if (each.do === 'restart' || each.do === 'crash') {
            // A crash leaves behind what had been written; settlements that had not been are as if not made.
            if (each.do === 'restart') await budgets.close()
            else await store.database<LimitsTables>().selectFrom('limits_journal').select('id').execute()
            for (const { subject, amount } of running.values()) book(subject, amount)
            running.clear()
            lives++
            budgets = await open()
          } else if (each.do === 'settle') {
            const held = running.get(`${lives}.${each.id}`)
            const amount = Math.floor((held?.amount ?? 0) * each.share)
            budgets.settle(`${lives}.${each.id}`, [amount])
            if (held !== undefined) book(held.subject, amount)
            running.delete(`${lives}.${each.id}`)
            await Promise.resolve()
          } else {
            const { id, subject, amount } = each
            if (running.has(`${lives}.${id}`)) continue
            const { allowed } = await budgets.reserve(`${lives}.${id}`, [charge(subject, amount, limit)])
            const reserved = [...running.values()].filter((other) => other.subject === subject)
            const total = reserved.reduce((sum, other) => sum + other.amount, spent[subject] ?? 0)
            assert.equal(allowed, total + amount <= limit)
            if (allowed) running.set(`${lives}.${id}`, { subject, amount })
          }
          for (const { account, spent: booked, reserved } of budgets.list()) {
            assert.equal(booked, spent[account.subject])
            assert.ok(booked + reserved <= limit)
          }
        }
      } finally {
        await store.close()
      }
    }),
    { numRuns: 30 },
  )
})
