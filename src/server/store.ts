// Where an installation keeps its rows: in a file of the data folder, or on a PostgreSQL server.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { apiMigrations } from '#api'
import { secretSchema } from '#config'
import { findingsMigrations } from '#findings'
import { identityMigrations } from '#identity'
import { inventoryMigrations } from '#inventory'
import { limitsMigrations } from '#limits'
import { privacyMigrations } from '#privacy'
import { type Migration, openStore, type Store, type StoreOptions } from '#store'
import { ServerError } from './error.ts'
import type { World } from './world.ts'

export const storeSchema = z
  .strictObject({
    url: secretSchema
      .optional()
      .describe('postgres://USER:PASSWORD@HOST:5432/DATABASE; without it, the rows are in a file of the data folder.'),
    tls: z
      .strictObject({
        ca: secretSchema.optional().describe('PEM certificates to trust instead of the public ones, file:PATH.'),
        certificate: secretSchema.optional().describe('PEM certificate that shows the server who we are, file:PATH.'),
        key: secretSchema.optional().describe('Its private key, file:PATH.'),
      })
      .optional()
      .describe('TLS to the server, always fully verified unless the server is this machine.'),
    allowUnsynced: z
      .boolean()
      .default(false)
      .describe('Accept a server with fsync off: only for one that is durable in another way.'),
  })
  .prefault({})

export type StoreSettings = z.output<typeof storeSchema>

/** Of all rooms, in the order in which tables refer to each other. Append only. */
export const migrations: readonly Migration[] = [
  ...inventoryMigrations,
  ...findingsMigrations,
  ...identityMigrations,
  ...privacyMigrations,
  ...limitsMigrations,
  ...apiMigrations,
]

/** In the data folder when its rows are elsewhere: nobody should start with an empty file by mistake. */
const elsewhere = 'store.postgresql'
const file = 'holdfast.db'

/**
 * Opens the store of an installation.
 *
 * @param settings  undefined when nobody said: then the rows must be in the data folder
 * @throws ServerError `store_elsewhere`; StoreError as `openStore`
 */
export async function openOwnStore(
  data: string,
  settings: StoreSettings | undefined,
  { now }: Pick<World, 'now'>,
  more: Pick<StoreOptions, 'transactionIdleMs' | 'observe'> & { readonly mayBeRestoring?: boolean } = {},
): Promise<Store> {
  const { url, tls, allowUnsynced } = settings ?? {}
  if (url === undefined) {
    if (existsSync(join(data, elsewhere))) {
      throw new ServerError(
        'store_elsewhere',
        `the rows of ${data} are on a PostgreSQL server: say with --config FILE where, or restore store.url in that file`,
      )
    }
    return openStore({ path: join(data, file), now, ...more })
  }
  if (existsSync(join(data, file))) {
    throw new ServerError(
      'store_elsewhere',
      `the rows of ${data} are in its ${file}, and store.url names a server: make a backup with 'holdfast store backup' ` +
        "and the old configuration, and restore it into a new folder with 'holdfast store restore' and the new one",
    )
  }
  const store = await openStore({ url, tls, allowUnsynced, now, ...more })
  writeFileSync(join(data, elsewhere), 'The rows of this installation are on a PostgreSQL server: see store.url.\n')
  return store
}
