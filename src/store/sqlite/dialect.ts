// Kysely's dialect over the database thread.

import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  type TransactionSettings,
} from 'kysely'
import { StoreError } from '../error.ts'
import { PortableSqliteCompiler } from './compiler.ts'
import type { Value } from './protocol.ts'
import type { SqliteConnectionHandle, SqliteThread } from './thread.ts'

/** Every Kysely made of it shares the thread; destroying one does not close the store. */
export function createSqliteDialect(thread: SqliteThread): Dialect {
  return {
    createDriver: () => new SqliteThreadDriver(thread),
    createQueryCompiler: () => new PortableSqliteCompiler(),
    createAdapter: () => new PipeliningAdapter(),
    createIntrospector: (database) => new SqliteIntrospector(database),
  }
}

/** Kysely would hold back each statement until the one before it has answered; the thread keeps the order itself. */
class PipeliningAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class SqliteThreadDriver implements Driver {
  readonly #thread: SqliteThread

  constructor(thread: SqliteThread) {
    this.#thread = thread
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SqliteThreadConnection> {
    return new SqliteThreadConnection(this.#thread.connect())
  }

  async beginTransaction(connection: SqliteThreadConnection, settings: TransactionSettings): Promise<void> {
    await connection.handle.send({ kind: 'begin', readOnly: settings.accessMode === 'read only' })
  }

  async commitTransaction(connection: SqliteThreadConnection): Promise<void> {
    await connection.handle.send({ kind: 'commit' })
  }

  async rollbackTransaction(connection: SqliteThreadConnection): Promise<void> {
    await connection.handle.send({ kind: 'rollback' })
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

class SqliteThreadConnection implements DatabaseConnection {
  readonly handle: SqliteConnectionHandle

  constructor(handle: SqliteConnectionHandle) {
    this.handle = handle
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, changes } = await this.handle.send({ kind: 'run', sql, parameters: parameters.map(toValue) })
    // The parse boundary: Kysely's row type is what the query was built from.
    return { rows: rows as readonly unknown[] as Row[], numAffectedRows: BigInt(changes) }
  }

  // biome-ignore lint/correctness/useYield: it is here to refuse
  async *streamQuery(): AsyncGenerator<never> {
    throw new StoreError('sql', 'the store does not stream; read in pages with limit')
  }
}

/** The values that every database gives back as they were. Refused here, where the stack still shows who sent them. */
function toValue(value: unknown, index: number): Value {
  const refuse = (what: string): never => {
    throw new StoreError('invalid_value', `parameter ${index + 1} is ${what}`)
  }
  switch (typeof value) {
    case 'string':
      if (value.includes('\0')) return refuse('text with a NUL in it')
      return value.isWellFormed() ? value : refuse('text with half a surrogate pair in it')
    case 'number':
      if (!Number.isFinite(value)) return refuse('not a finite number')
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? refuse('a whole number beyond 2^53') : value + 0 // not -0: SQLite drops the sign
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? value : refuse('a whole number beyond 2^53')
    case 'object':
      if (value === null) return value
      // A copy of its own: posting a slice of Node's buffer pool would copy the whole pool.
      return value instanceof Uint8Array ? new Uint8Array(value) : refuse('an object; store its JSON text')
    default:
      return refuse(`a ${typeof value}; store text, numbers, bytes or null`)
  }
}
