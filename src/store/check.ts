// Is a store sound? Everything that can be asked without changing it.

import { checkPostgres } from './postgres/tables.ts'
import { checkSqlite } from './sqlite/tables.ts'
import type { Store } from './store.ts'

/** A sentence for each thing that is wrong; none when all is well. */
export function checkStore({ kind, database }: Store): Promise<string[]> {
  return kind === 'sqlite' ? checkSqlite(database()) : checkPostgres(database())
}
