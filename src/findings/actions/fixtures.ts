// The action that the tests of this folder take: switching a row of a real store on and off.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { OcsfEvent } from '#audit'
import { inventoryMigrations } from '#inventory'
import { type Migration, openStore, type Store } from '#store'
import { type FindingsTables, findingsMigrations } from '../migrations.ts'
import type { Action } from './action.ts'
import { type Actions, createActions } from './actions.ts'

export type Tables = FindingsTables & { switch: { id: string; is_on: number } }

const switches: Migration = {
  id: 'test/0001-switches',
  up: ({ schema }) => [
    schema
      .createTable('switch')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('is_on', 'integer', (column) => column.notNull()),
  ],
}

/** What goes wrong; a test sets and removes it. */
interface Faults {
  apply?: (set: () => Promise<void>, signal: AbortSignal) => Promise<void>
  probe?: () => Promise<{ ok: boolean; detail: string }>
  plan?: () => Promise<void>
}

const params = z.strictObject({ id: z.string().min(1), note: z.string().optional() })

export function switchAction(database: Kysely<Tables>, to: 0 | 1, faults: Faults): Action<z.output<typeof params>> {
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

export interface House {
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

/** A fresh store with the actions `switch_on`, `switch_off` and, without an inverse, `burn`. */
export async function house(t: TestContext, from: From = {}): Promise<House> {
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

export const ask = (idempotencyKey: string, more: object = {}) => ({
  actor: 'alice',
  reason: 'because',
  idempotencyKey,
  ...more,
})
export const a = { id: 'a' }

/** Takes the store away from an action that hangs in `state`, then lets it go on into nothing. */
export async function crash({ actions, store }: House, running: Promise<unknown>, state: string, letGo: () => void) {
  running.catch(() => undefined)
  for (;;) {
    const [record] = await actions.list({ unfinished: true })
    if (record?.state === state) break
  }
  await store.close()
  letGo()
  await assert.rejects(running, { code: 'closed' })
}
