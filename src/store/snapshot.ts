// All rows of a store as of one moment, while others go on writing: what a backup reads.

import { type ControlledTransaction, sql } from 'kysely'
import type { Store } from './store.ts'
import type { TableShape } from './table-shape.ts'
import { tablesOf } from './tables.ts'
import type { Value } from './value.ts'

export interface Snapshot extends AsyncDisposable {
  readonly tables: readonly TableShape[]
  /** The migrations that are in force, oldest first. */
  readonly migrations: readonly string[]
  /** The rows of a table by its primary key, in pages; the values in the order of its columns. */
  rows(table: TableShape): AsyncGenerator<readonly (readonly Value[])[]>
}

type Row = Readonly<Record<string, Value>>

const pageRows = 200

/**
 * Opens a snapshot. On SQLite the store is busy with it until it is disposed of, so open another store on the same file.
 *
 * @throws StoreError
 */
export async function openSnapshot(store: Store): Promise<Snapshot> {
  const transaction = await store
    .database<unknown>()
    .startTransaction()
    .setAccessMode('read only')
    .setIsolationLevel('repeatable read')
    .execute()
  try {
    const tables = await tablesOf(store.kind, transaction)
    // The moment is that of the first look at a row.
    const { rows } = await sql<{ id: string }>`select id from holdfast_migrations order by applied_at, id`.execute(
      transaction,
    )
    return {
      tables,
      migrations: rows.map(({ id }) => id),
      rows: (table) => pagesOf(transaction, table),
      [Symbol.asyncDispose]: async () => {
        await transaction.rollback().execute()
      },
    }
  } catch (error) {
    await transaction.rollback().execute()
    throw error
  }
}

async function* pagesOf(
  transaction: ControlledTransaction<unknown>,
  { name, columns, key }: TableShape,
): AsyncGenerator<readonly (readonly Value[])[]> {
  const keys = sql.join(key.map((column) => sql.ref(column)))
  for (let after: Row | undefined; ; ) {
    const last = after
    const beyond =
      last === undefined ? sql`` : sql`where (${keys}) > (${sql.join(key.map((column) => last[column] ?? null))})`
    const { rows } = await sql<Row>`
      select ${sql.join(columns.map((column) => sql.ref(column.name)))} from ${sql.ref(name)}
      ${beyond} order by ${keys} limit ${sql.lit(pageRows)}`.execute(transaction)
    if (rows.length > 0) yield rows.map((row) => columns.map((column) => row[column.name] ?? null))
    if (rows.length < pageRows) return
    after = rows.at(-1)
  }
}
