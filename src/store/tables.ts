// What tables a store has, whatever the database underneath.

import { type Kysely, sql } from 'kysely'
import { StoreError } from './error.ts'
import { postgresTables } from './postgres/tables.ts'
import { sqliteTables } from './sqlite/tables.ts'
import type { Store } from './store.ts'
import type { TableShape } from './table-shape.ts'

/** The store's own records of itself: another store has its own. */
const own: ReadonlySet<string> = new Set(['holdfast_migrations', 'holdfast_store'])

/**
 * The tables of the rooms, by name.
 *
 * @throws StoreError `sql` for a table without a primary key: its rows have no order in which to read them
 */
export async function tablesOf(kind: Store['kind'], database: Kysely<unknown>): Promise<readonly TableShape[]> {
  const found = kind === 'sqlite' ? await sqliteTables(database) : await postgresTables(database)
  const tables = found.filter(({ name }) => !own.has(name)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const keyless = tables.find(({ key }) => key.length === 0)
  if (keyless !== undefined) throw new StoreError('sql', `the table ${keyless.name} has no primary key`)
  return tables
}

export async function countRows(database: Kysely<unknown>, table: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.ref(table)}`.execute(database)
  return rows[0]?.count ?? 0
}
