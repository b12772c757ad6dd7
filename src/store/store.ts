// The store: rows in one database, reached through Kysely. Embedded it is SQLite in a thread of its own; grown it is a
// PostgreSQL server. Both keep the same contract (contract.ts).

import { Kysely, type LogEvent } from 'kysely'
import { StoreError } from './error.ts'
import { type Migration, migrate, pendingMigrations } from './migrate.ts'
import { type Hidden, parseAddress, type TlsFiles } from './postgres/address.ts'
import { createPostgresDialect } from './postgres/dialect.ts'
import { createSqliteDialect } from './sqlite/dialect.ts'
import { openSqliteThread } from './sqlite/thread.ts'

export interface Store extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgresql'
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
  /** What `migrate` would apply. @throws StoreError `migration_*` as it would */
  pending(list: readonly Migration[]): Promise<readonly string[]>
  /** Lets what was begun finish, refuses what comes after (`closed`), and releases the file. */
  close(): Promise<void>
}

/** Where the store is, and how long it waits. */
export type StoreOptions = (FileOptions | ServerOptions) & {
  /** ms since the epoch; used for the time at which a migration was applied. */
  readonly now: () => number
  /** How long to wait for another process that is writing, and for a connection to a server, in ms. */
  readonly busyTimeoutMs?: number
  /** How long a transaction may stand still, in ms: one that forgot to end must not stop the store for ever. */
  readonly transactionIdleMs?: number
  /** Told of each statement: how long it took, waiting included, in ms, and the code of its error. Must not throw. */
  readonly observe?: ((ms: number, error: string | undefined) => void) | undefined
}

interface FileOptions {
  /** The database file, created if absent with mode 0600; its folder must exist. `:memory:` for none. */
  readonly path: string
}

interface ServerOptions {
  /** `postgres://USER:PASSWORD@HOST:5432/DATABASE`. TLS, fully verified, unless the host is this machine. */
  readonly url: Hidden
  readonly tls?: TlsFiles | undefined
  /** Take a server that has fsync off: for one that is durable in another way. */
  readonly allowUnsynced?: boolean | undefined
  /** How long one statement may take, in ms. */
  readonly statementTimeoutMs?: number | undefined
  /** For a restore: take a store into which a restore was not finished. */
  readonly mayBeRestoring?: boolean | undefined
}

/**
 * Opens the store and checks that it is ours, whole and writable. A commit has reached the disk when it returns.
 * @throws StoreError `not_a_database`, `foreign`, `corrupt`, `locked`, `unwritable`, `unreachable`, `argument`, `restoring`
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { engine, dialect } = 'url' in options ? await openServer(options) : await openFile(options)
  const log = options.observe && observer(options.observe)
  return {
    kind: 'url' in options ? 'postgresql' : 'sqlite',
    database: <Tables>() => new Kysely<Tables>({ dialect, ...(log && { log }) }),
    migrate: (list) => migrate(new Kysely({ dialect }), list, options.now),
    pending: (list) => pendingMigrations(new Kysely({ dialect }), list),
    close: () => engine.close(),
    [Symbol.asyncDispose]: () => engine.close(),
  }
}

function observer(observe: (ms: number, error: string | undefined) => void) {
  return (event: LogEvent) => {
    const error = event.level === 'error' ? event.error : undefined
    observe(event.queryDurationMillis, event.level === 'error' ? codeOf(error) : undefined)
  }
}

function codeOf(error: unknown): string {
  return error instanceof StoreError ? error.code : 'unknown'
}

const busyTimeoutMs = 5_000
const transactionIdleMs = 30_000

async function openFile({ path, ...options }: StoreOptions & FileOptions) {
  const engine = await openSqliteThread({
    path,
    busyTimeoutMs: options.busyTimeoutMs ?? busyTimeoutMs,
    transactionIdleMs: options.transactionIdleMs ?? transactionIdleMs,
  })
  return { engine, dialect: createSqliteDialect(engine) }
}

async function openServer({ url, tls, ...options }: StoreOptions & ServerOptions) {
  // Loaded when it is used: the driver takes several MB that a store in a file does not need.
  const { openPostgresSession } = await import('./postgres/session.ts')
  const engine = await openPostgresSession({
    address: parseAddress(url, tls),
    busyTimeoutMs: options.busyTimeoutMs ?? busyTimeoutMs,
    transactionIdleMs: options.transactionIdleMs ?? transactionIdleMs,
    statementTimeoutMs: options.statementTimeoutMs ?? 60_000,
    allowUnsynced: options.allowUnsynced ?? false,
    mayBeRestoring: options.mayBeRestoring ?? false,
  })
  return { engine, dialect: createPostgresDialect(engine) }
}
