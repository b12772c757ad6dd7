// Rows from elsewhere into an empty store, all in one transaction: what a restore writes.

import { sql } from 'kysely'
import { StoreError } from './error.ts'
import type { Migration } from './migrate.ts'
import { deferPostgresReferences, settlePostgresReferences } from './postgres/tables.ts'
import { deferSqliteReferences } from './sqlite/tables.ts'
import type { Store } from './store.ts'
import type { TableShape } from './table-shape.ts'
import { tablesOf } from './tables.ts'
import type { Value } from './value.ts'

export interface Loading {
  /** @throws StoreError when the table, a column or a value does not fit */
  insert(table: TableShape, rows: readonly (readonly Value[])[]): Promise<void>
  /** Checks that every reference leads somewhere, and makes the rows be there. */
  commit(): Promise<void>
  /** As if nothing had been loaded. */
  rollback(): Promise<void>
}

// SQLite takes 32,766 parameters in a statement.
const maxParameters = 10_000

/**
 * Brings an empty store to the state of the tables that the rows come from, and begins to load.
 *
 * @param list     all migrations of this program
 * @param applied  those that were in force where the rows come from
 * @throws StoreError `migration_unknown` when this program does not know one of them
 */
export async function beginLoading(
  store: Store,
  list: readonly Migration[],
  applied: readonly string[],
): Promise<Loading> {
  const unknown = applied.find((id) => !list.some((migration) => migration.id === id))
  if (unknown !== undefined) {
    throw new StoreError(
      'migration_unknown',
      `it was made by a newer Holdfast (migration ${unknown}); run that version`,
    )
  }
  await store.migrate(list.filter(({ id }) => applied.includes(id)))
  const database = store.database<unknown>()
  const shapes = new Map((await tablesOf(store.kind, database)).map((shape) => [shape.name, shape]))
  const transaction = await database.startTransaction().execute()
  if (store.kind === 'sqlite') await deferSqliteReferences(transaction)
  else await deferPostgresReferences(transaction)
  return {
    async insert({ name, columns }, rows) {
      const shape = shapes.get(name)
      const here = shape?.columns.map((column) => `${column.name} ${column.type}`).toSorted()
      const there = columns.map((column) => `${column.name} ${column.type}`).toSorted()
      if (here?.join() !== there.join()) {
        throw new StoreError('sql', `the table ${JSON.stringify(name)} has other columns than this program's`)
      }
      const names = sql.join(columns.map((column) => sql.ref(column.name)))
      const step = Math.max(1, Math.floor(maxParameters / columns.length))
      for (let at = 0; at < rows.length; at += step) {
        const values = rows.slice(at, at + step).map((row) => sql`(${sql.join([...row])})`)
        await sql`insert into ${sql.ref(name)} (${names}) values ${sql.join(values)}`.execute(transaction)
      }
    },
    async commit() {
      if (store.kind === 'postgresql') await settlePostgresReferences(transaction)
      await transaction.commit().execute()
    },
    async rollback() {
      if (!transaction.isCommitted && !transaction.isRolledBack) await transaction.rollback().execute()
    },
  }
}
