// The tables of a SQLite file, and what a check or a restore needs to know of them.

import { type Kysely, sql } from 'kysely'
import type { ColumnType, TableShape } from '../table-shape.ts'

const types: Readonly<Record<string, ColumnType>> = { TEXT: 'text', INTEGER: 'integer', REAL: 'real', BLOB: 'blob' }

export async function sqliteTables(database: Kysely<unknown>): Promise<TableShape[]> {
  const { rows } = await sql<{ table: string; name: string; type: string; pk: number }>`
    select s.name as "table", c.name, upper(c.type) as type, c.pk
    from sqlite_schema s, pragma_table_info(s.name) c
    where s.type = 'table' and s.name not like 'sqlite_%' order by s.name, c.cid`.execute(database)
  return [...Map.groupBy(rows, ({ table }) => table)].map(([name, columns]) => ({
    name,
    columns: columns.map((column) => ({ name: column.name, type: types[column.type] ?? 'blob' })),
    key: columns
      .filter(({ pk }) => pk > 0)
      .toSorted((a, b) => a.pk - b.pk)
      .map((column) => column.name),
  }))
}

/** Every page, index and reference; a sentence for each thing that is wrong. */
export async function checkSqlite(database: Kysely<unknown>): Promise<string[]> {
  const integrity = await sql<{ integrity_check: string }>`pragma integrity_check(20)`.execute(database)
  const references = await sql<{ table: string; parent: string }>`pragma foreign_key_check`.execute(database)
  return [
    ...integrity.rows.map((row) => row.integrity_check).filter((line) => line !== 'ok'),
    ...references.rows.map(({ table, parent }) => `a row of ${table} refers to a row of ${parent} that is not there`),
  ]
}

/** Until the end of the transaction, rows may come before those that they refer to. */
export async function deferSqliteReferences(transaction: Kysely<unknown>): Promise<void> {
  await sql`pragma defer_foreign_keys = on`.execute(transaction)
}
