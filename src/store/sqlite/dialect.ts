// Kysely's dialect over the database thread.

import { type Dialect, SqliteAdapter, SqliteIntrospector } from 'kysely'
import { EngineDriver } from '../driver.ts'
import type { Engine } from '../engine.ts'
import { PortableSqliteCompiler } from './compiler.ts'

export function createSqliteDialect(thread: Engine): Dialect {
  return {
    createDriver: () => new EngineDriver(thread),
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
