// The mark on a store on a server into which a restore is under way. A file is simply not in its place until it is
// whole; a schema is there at once, so it says that it must not be used yet.

import { type Kysely, sql } from 'kysely'
import { StoreError } from '../error.ts'
import { countRows, tablesOf } from '../tables.ts'

/** The id of the backup that is being restored; undefined when the store is ready. */
export async function restoringId(database: Kysely<unknown>): Promise<string | undefined> {
  const { rows } = await sql<{ state: string }>`select state from holdfast_store`.execute(database)
  return /^restoring:(.*)$/.exec(rows[0]?.state ?? '')?.[1]
}

/**
 * Takes an empty store, or one in which a restore was not finished, and empties it for this one.
 *
 * @throws StoreError `foreign` when there are rows in it
 */
export async function beginRestoring(database: Kysely<unknown>, id: string): Promise<void> {
  const unfinished = await restoringId(database)
  const tables = await tablesOf('postgresql', database)
  for (const { name } of unfinished === undefined ? tables : []) {
    if ((await countRows(database, name)) > 0) {
      throw new StoreError(
        'foreign',
        `the store is not empty: there are rows in ${name}; restore into another database`,
      )
    }
  }
  await database.transaction().execute(async (transaction) => {
    await setState(transaction, `restoring:${id}`)
    await dropTables(transaction)
  })
}

export async function finishRestoring(database: Kysely<unknown>): Promise<void> {
  await setState(database, 'ready')
}

/** After a restore that failed: the store is empty again. */
export async function abandonRestoring(database: Kysely<unknown>): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await dropTables(transaction)
    await setState(transaction, 'ready')
  })
}

async function dropTables(transaction: Kysely<unknown>): Promise<void> {
  const names = (await tablesOf('postgresql', transaction)).map(({ name }) => name)
  for (const name of [...names, 'holdfast_migrations']) {
    await sql`drop table if exists ${sql.ref(name)} cascade`.execute(transaction)
  }
}

async function setState(database: Kysely<unknown>, state: string): Promise<void> {
  await sql`update holdfast_store set state = ${state}`.execute(database)
}
