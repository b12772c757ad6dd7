// The tables of our schema on a PostgreSQL server, and what a check or a restore needs to know of them.

import { type Kysely, sql } from 'kysely'
import type { ColumnType, TableShape } from '../table-shape.ts'

const types: Readonly<Record<string, ColumnType>> = { text: 'text', int8: 'integer', float8: 'real', bytea: 'blob' }

export async function postgresTables(database: Kysely<unknown>): Promise<TableShape[]> {
  const { rows } = await sql<{ table: string; name: string; type: string; pk: number | null }>`
    select c.relname as "table", a.attname as name, t.typname as type, array_position(i.indkey::int2[], a.attnum) as pk
    from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type t on t.oid = a.atttypid
      left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where c.relnamespace = to_regnamespace('holdfast') and c.relkind = 'r'
    order by c.relname, a.attnum`.execute(database)
  return [...Map.groupBy(rows, ({ table }) => table)].map(([name, columns]) => ({
    name,
    columns: columns.map((column) => ({ name: column.name, type: types[column.type] ?? 'blob' })),
    key: columns
      .filter(({ pk }) => pk !== null)
      .toSorted((a, b) => (a.pk ?? 0) - (b.pk ?? 0))
      .map((column) => column.name),
  }))
}

interface Reference {
  table: string
  name: string
}

/**
 * What can be asked of a server without being its superuser: whether every row can be read (which checks the checksums
 * of the pages), and whether every index and reference is in force.
 */
export async function checkPostgres(database: Kysely<unknown>): Promise<string[]> {
  const problems: string[] = []
  const indexes = await sql<{ name: string }>`
    select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = to_regnamespace('holdfast') and not (i.indisvalid and i.indisready)`.execute(database)
  for (const { name } of indexes.rows) problems.push(`the index ${name} is not valid`)
  for (const { table, name } of await referencesOf(database, sql`not k.convalidated`)) {
    problems.push(`the reference ${name} of ${table} was never validated`)
  }
  for (const { name } of await postgresTables(database)) {
    try {
      await sql`select sum(length(t::text)) from ${sql.ref(name)} t`.execute(database)
    } catch (error) {
      problems.push(`the table ${name} cannot be read: ${error instanceof Error ? error.message : error}`)
    }
  }
  return problems
}

/** Until `settlePostgresReferences`, rows may come before those that they refer to. */
export async function deferPostgresReferences(transaction: Kysely<unknown>): Promise<void> {
  for (const { table, name } of await referencesOf(transaction, sql`true`)) {
    await sql`alter table ${sql.ref(table)} alter constraint ${sql.ref(name)} deferrable initially deferred`.execute(
      transaction,
    )
  }
}

export async function settlePostgresReferences(transaction: Kysely<unknown>): Promise<void> {
  await sql`set constraints all immediate`.execute(transaction)
  for (const { table, name } of await referencesOf(transaction, sql`true`)) {
    await sql`alter table ${sql.ref(table)} alter constraint ${sql.ref(name)} not deferrable`.execute(transaction)
  }
}

async function referencesOf(
  database: Kysely<unknown>,
  condition: ReturnType<typeof sql>,
): Promise<readonly Reference[]> {
  const { rows } = await sql<Reference>`
    select c.relname as "table", k.conname as name from pg_constraint k join pg_class c on c.oid = k.conrelid
    where k.contype = 'f' and c.relnamespace = to_regnamespace('holdfast') and ${condition}
    order by c.relname, k.conname`.execute(database)
  return rows
}
