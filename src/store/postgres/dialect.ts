// Kysely's dialect over a session with a PostgreSQL server.

import { type Dialect, PostgresAdapter, PostgresIntrospector } from 'kysely'
import { EngineDriver } from '../driver.ts'
import type { Engine } from '../engine.ts'
import { PortablePostgresCompiler } from './compiler.ts'

export function createPostgresDialect(session: Engine): Dialect {
  return {
    createDriver: () => new EngineDriver(session),
    createQueryCompiler: () => new PortablePostgresCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (database) => new PostgresIntrospector(database),
  }
}
