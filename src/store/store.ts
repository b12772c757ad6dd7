// The store: rows in one database, reached through Kysely. Embedded it is SQLite in a thread of its own.

import { Kysely } from 'kysely'
import { type Migration, migrate } from './migrate.ts'
import { createSqliteDialect } from './sqlite/dialect.ts'
import { openSqliteThread } from './sqlite/thread.ts'

export interface Store extends AsyncDisposable {
  /**
   * A query builder over the store's tables. All of them share one connection: single statements run in the order in
   * which they are executed, and a transaction has the connection alone until it ends. So inside
   * `transaction().execute(async (trx) => ...)` use only `trx`: waiting there for the outer builder waits for itself,
   * until the transaction is rolled back for standing still. Statements that wait at the same time share one commit:
   * a hundred that are awaited together cost little more than one.
   *
   * Values are `string` (well-formed, no NUL), `number` (finite; safe if whole; -0 is 0), `bigint` (in the safe range),
   * `Uint8Array` and `null`; anything else is refused with `invalid_value`.
   */
  database<Tables>(): Kysely<Tables>
  /**
   * Brings the store up to date. `list` is always the whole list of the program, in the order to apply.
   * @throws StoreError `migration_*`
   */
  migrate(list: readonly Migration[]): Promise<{ readonly applied: readonly string[] }>
  /** Lets what was begun finish, refuses what comes after (`closed`), and releases the file. */
  close(): Promise<void>
}

export interface StoreOptions {
  /** The database file, created if absent with mode 0600; its folder must exist. `:memory:` for none. */
  readonly path: string
  /** ms since the epoch; used for the time at which a migration was applied. */
  readonly now: () => number
  /** How long to wait for another process that is writing, in ms. */
  readonly busyTimeoutMs?: number
  /** How long a transaction may stand still, in ms: one that forgot to end must not stop the store for ever. */
  readonly transactionIdleMs?: number
}

/**
 * Opens the store and checks that it is ours, whole and writable. A commit has reached the disk when it returns.
 * @throws StoreError `not_a_database`, `foreign`, `corrupt`, `locked`, `unwritable`
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const thread = await openSqliteThread({
    path: options.path,
    busyTimeoutMs: options.busyTimeoutMs ?? 5_000,
    transactionIdleMs: options.transactionIdleMs ?? 30_000,
  })
  const dialect = createSqliteDialect(thread)
  return {
    database: <Tables>() => new Kysely<Tables>({ dialect }),
    migrate: (list) => migrate(new Kysely({ dialect }), list, options.now),
    close: () => thread.close(),
    [Symbol.asyncDispose]: () => thread.close(),
  }
}
