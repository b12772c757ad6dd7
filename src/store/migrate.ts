// Forward-only migrations. Each runs in its own transaction together with the row that records it, so a store is never
// between two. The checksum covers the SQL as compiled for this database: what was applied can no longer be edited.

import { createHash } from 'node:crypto'
import type { Compilable, CompiledQuery, Kysely, Transaction } from 'kysely'
import { StoreError } from './error.ts'

export interface Migration {
  /** `room/NNNN-what`, as in `identity/0001-api-keys`; numbers rise within a room. */
  readonly id: string
  /** The statements, built but not executed. They must not depend on time, environment or what the store holds. */
  up(database: Kysely<unknown>): readonly Compilable[]
}

type Tables = {
  holdfast_migrations: { id: string; checksum: string; applied_at: number }
}

interface Planned {
  readonly id: string
  readonly statements: readonly CompiledQuery[]
  readonly checksum: string
}

/** @throws StoreError `migration_*`; what was applied before the failing migration stays applied */
export async function migrate(
  bare: Kysely<unknown>,
  list: readonly Migration[],
  now: () => number,
): Promise<{ readonly applied: readonly string[] }> {
  const plan = planOf(bare, list)
  const database: Kysely<Tables> = bare.$extendTables<Tables>()
  await makeRecord(database)
  const recorded = await checkedRecord(database, plan)
  const applied: string[] = []
  for (const migration of plan) {
    if (!recorded.has(migration.id) && (await apply(database, migration, now))) applied.push(migration.id)
  }
  return { applied }
}

/** What `migrate` would apply, and nothing else. @throws StoreError `migration_*` as it would */
export async function pendingMigrations(bare: Kysely<unknown>, list: readonly Migration[]): Promise<readonly string[]> {
  const plan = planOf(bare, list)
  try {
    const recorded = await checkedRecord(bare.$extendTables<Tables>(), plan)
    return plan.map(({ id }) => id).filter((id) => !recorded.has(id))
  } catch (error) {
    // There is no such table: nothing was ever applied.
    if (error instanceof StoreError && error.code === 'sql') return plan.map(({ id }) => id)
    throw error
  }
}

async function makeRecord(database: Kysely<Tables>): Promise<void> {
  await database.schema
    .createTable('holdfast_migrations')
    .ifNotExists()
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('checksum', 'text', (column) => column.notNull())
    .addColumn('applied_at', 'integer', (column) => column.notNull())
    .execute()
}

async function checkedRecord(
  database: Kysely<Tables>,
  plan: readonly Planned[],
): Promise<ReadonlyMap<string, Tables['holdfast_migrations']>> {
  const rows = await database.selectFrom('holdfast_migrations').selectAll().execute()
  const recorded = new Map(rows.map((row) => [row.id, row]))
  refuseUnknown(plan, rows)
  refuseChangedAndSkipped(plan, recorded)
  return recorded
}

function planOf(bare: Kysely<unknown>, list: readonly Migration[]): readonly Planned[] {
  const latest = new Map<string, string>()
  return list.map(({ id, up }) => {
    const room = roomOf(id)
    const before = latest.get(room)
    if (!/^[a-z][a-z-]*\/\d{4}-[a-z0-9-]+$/.test(id)) {
      throw new StoreError('migration_invalid', `migration ${JSON.stringify(id)} must be named like room/0001-what`)
    }
    if (before !== undefined && id.slice(0, room.length + 5) <= before.slice(0, room.length + 5)) {
      throw new StoreError('migration_invalid', `migration ${id} must have a higher number than ${before}`)
    }
    latest.set(room, id)
    const statements = up(bare).map((statement) => statement.compile())
    return { id, statements, checksum: checksumOf(statements) }
  })
}

function roomOf(id: string): string {
  return id.slice(0, id.indexOf('/') + 1)
}

function checksumOf(statements: readonly CompiledQuery[]): string {
  const hash = createHash('sha256')
  for (const { sql, parameters } of statements) hash.update(JSON.stringify([sql, parameters])).update('\n')
  return hash.digest('hex')
}

/** A migration that this program does not know: from a newer program, or one that was taken out of this one. */
function refuseUnknown(plan: readonly Planned[], recorded: readonly Tables['holdfast_migrations'][]): void {
  const known = new Set(plan.map(({ id }) => id))
  for (const { id, applied_at: appliedAt } of recorded) {
    if (known.has(id)) continue
    const latest = plan.findLast((migration) => roomOf(migration.id) === roomOf(id))
    if (latest === undefined || id > latest.id) {
      throw new StoreError(
        'migration_unknown',
        `the store was used by a newer Holdfast (migration ${id}, applied ${new Date(appliedAt).toISOString()}); ` +
          'run that version, or restore a backup made before it',
      )
    }
    throw new StoreError(
      'migration_missing',
      `the store has migration ${id}, which this program should have and has not; install an unmodified release`,
    )
  }
}

function refuseChangedAndSkipped(
  plan: readonly Planned[],
  recorded: ReadonlyMap<string, Tables['holdfast_migrations']>,
): void {
  const skipped = new Map<string, string>()
  for (const { id, checksum } of plan) {
    const row = recorded.get(id)
    const earlier = skipped.get(roomOf(id))
    if (row === undefined) {
      skipped.set(roomOf(id), earlier ?? id)
    } else if (row.checksum !== checksum) {
      throw new StoreError(
        'migration_changed',
        `migration ${id} differs from what was applied to this store; install an unmodified release ` +
          '(a change to the tables is a new migration, never an edit of an old one)',
      )
    } else if (earlier !== undefined) {
      throw new StoreError(
        'migration_missing',
        `the store has migration ${id} but not ${earlier}, which comes before it; restore the store from a backup`,
      )
    }
  }
}

/** False when another process applied it in the meantime. */
async function apply(database: Kysely<Tables>, migration: Planned, now: () => number): Promise<boolean> {
  try {
    return await database.transaction().execute((transaction) => applyAlone(transaction, migration, now))
  } catch (error) {
    if (error instanceof StoreError && error.code === 'migration_changed') throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new StoreError('migration_failed', `migration ${migration.id} failed and was rolled back: ${reason}`, {
      cause: error,
    })
  }
}

async function applyAlone(transaction: Transaction<Tables>, migration: Planned, now: () => number): Promise<boolean> {
  const { id, checksum, statements } = migration
  const other = await transaction
    .selectFrom('holdfast_migrations')
    .select('checksum')
    .where('id', '=', id)
    .executeTakeFirst()
  if (other !== undefined) {
    if (other.checksum === checksum) return false
    throw new StoreError('migration_changed', `another process has just applied a different migration ${id}`)
  }
  for (const statement of statements) await transaction.executeQuery(statement)
  await transaction.insertInto('holdfast_migrations').values({ id, checksum, applied_at: now() }).execute()
  return true
}
