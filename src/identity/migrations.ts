// The tables of this room. Append only: what has been applied somewhere is never edited.
import type { Migration } from '#store'

export interface IdentityTables {
  identity_api_keys: {
    id: string
    /** SHA-256 of the key's text, hex. The text itself is nowhere. */
    hash: string
    name: string
    principal: string
    tenant: string
    /** JSON array of strings. */
    scopes: string
    /** ms since the epoch, as the two below. */
    created_at: number
    expires_at: number | null
    revoked_at: number | null
  }
}

export const identityMigrations: readonly Migration[] = [
  {
    id: 'identity/0001-api-keys',
    up: (database) => [
      database.schema
        .createTable('identity_api_keys')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('hash', 'text', (column) => column.notNull().unique())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('principal', 'text', (column) => column.notNull())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('scopes', 'text', (column) => column.notNull())
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('expires_at', 'integer')
        .addColumn('revoked_at', 'integer'),
    ],
  },
]
