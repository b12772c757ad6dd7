// What migrations must do on every database under the store, as tests.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import type { Migration } from './migrate.ts'
import type { Store } from './store.ts'

/** One empty database, opened as often as a test likes. */
export interface StoreUnderTest {
  open(options?: { readonly transactionIdleMs?: number }): Promise<Store>
  remove(): Promise<void>
}

export function migrationContract(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of migrations:`, () => {
    const migration = (id: string, ...columns: string[]): Migration => ({
      id,
      up: (database) =>
        columns.map((column) =>
          database.schema.createTable(`${id.replaceAll(/\W/g, '_')}_${column}`).addColumn(column, 'text'),
        ),
    })
    const first = migration('one/0001-a', 'x')
    const second = migration('one/0002-b', 'y')
    const elsewhere = migration('two/0001-c', 'z')

    const onFreshStore = async (body: (store: Store, subject: StoreUnderTest) => Promise<void>) => {
      const subject = await create()
      const store = await subject.open()
      try {
        await body(store, subject)
      } finally {
        await store.close()
        await subject.remove()
      }
    }

    test('they are applied once, in the order of the list, and what is new is applied later', () =>
      onFreshStore(async (store) => {
        assert.deepEqual(await store.migrate([first, elsewhere]), { applied: ['one/0001-a', 'two/0001-c'] })
        assert.deepEqual(await store.migrate([first, elsewhere]), { applied: [] })
        assert.deepEqual(await store.migrate([first, second, elsewhere]), { applied: ['one/0002-b'] })
      }))

    test('those that wait are named without being applied, and what cannot be applied is refused', () =>
      onFreshStore(async (store) => {
        assert.deepEqual(await store.pending([first, elsewhere]), ['one/0001-a', 'two/0001-c'])
        await store.migrate([first])
        assert.deepEqual(await store.pending([first, second, elsewhere]), ['one/0002-b', 'two/0001-c'])
        await assert.rejects(store.pending([elsewhere]), { code: 'migration_unknown' })
        assert.deepEqual(await store.migrate([first, second, elsewhere]), { applied: ['one/0002-b', 'two/0001-c'] })
        assert.deepEqual(await store.pending([first, second, elsewhere]), [])
      }))

    test('one that fails leaves nothing behind, and those before it stay', () =>
      onFreshStore(async (store) => {
        const failing: Migration = {
          id: 'one/0002-b',
          up: (database) => [
            database.schema.createTable('half').addColumn('x', 'text'),
            database.schema.createTable('half').addColumn('x', 'text'),
          ],
        }
        await assert.rejects(store.migrate([first, failing]), { code: 'migration_failed', message: /one\/0002-b/ })
        await assert.rejects(sql`select * from half`.execute(store.database()), { code: 'sql' })
        assert.deepEqual(await store.migrate([first, second]), { applied: ['one/0002-b'] })
      }))

    test('a changed, a missing and an unknown migration are refused, each with what to do', () =>
      onFreshStore(async (store) => {
        await store.migrate([first, second])
        const changed = migration('one/0001-a', 'other')
        await assert.rejects(store.migrate([changed, second]), {
          code: 'migration_changed',
          message: /one\/0001-a.*release/,
        })
        await assert.rejects(store.migrate([second]), { code: 'migration_missing', message: /one\/0001-a/ })
        await assert.rejects(store.migrate([first]), { code: 'migration_unknown', message: /newer Holdfast.*backup/ })
        await assert.rejects(store.migrate([]), { code: 'migration_unknown' })
      }))

    test('one that was skipped cannot be added before those that were applied', () =>
      onFreshStore(async (store) => {
        await store.migrate([second])
        await assert.rejects(store.migrate([first, second]), {
          code: 'migration_missing',
          message: /but not one\/0001-a/,
        })
      }))

    test('names have one form, and numbers rise within a room', () =>
      onFreshStore(async (store) => {
        for (const id of ['a', '1/0001-a', 'a/1-b', 'a/0001', '../0001-a']) {
          await assert.rejects(store.migrate([migration(id)]), { code: 'migration_invalid' }, id)
        }
        await assert.rejects(store.migrate([second, first]), { code: 'migration_invalid' })
        await assert.rejects(store.migrate([first, first]), { code: 'migration_invalid' })
        await assert.rejects(store.migrate([first, migration('one/0001-b')]), { code: 'migration_invalid' })
      }))

    test('two programs that start at once apply each of them once', () =>
      onFreshStore(async (store, subject) => {
        const other = await subject.open()
        const list = [first, second, elsewhere]
        const [mine, theirs] = await Promise.all([store.migrate(list), other.migrate(list)])
        assert.deepEqual([...mine.applied, ...theirs.applied].sort(), list.map(({ id }) => id).sort())
        await other.close()
      }))
  })
}
