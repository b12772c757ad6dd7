// The tables of this room. Append only: what has been applied somewhere is never edited.
import type { Migration } from '#store'

export interface PrivacyTables {
  privacy_vault: {
    /** SHA-256 of tenant and session, hex. */
    session: string
    /** The placeholder. */
    token: string
    /** The protected value under the session's key (crypto's `seal`). */
    sealed: Uint8Array
    /** ms since the epoch; the same for all rows of a session. */
    expires_at: number
  }
}

export const privacyMigrations: readonly Migration[] = [
  {
    id: 'privacy/0001-vault',
    up: (database) => [
      database.schema
        .createTable('privacy_vault')
        .addColumn('session', 'text', (column) => column.notNull())
        .addColumn('token', 'text', (column) => column.notNull())
        .addColumn('sealed', 'blob', (column) => column.notNull())
        .addColumn('expires_at', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('privacy_vault_key', ['session', 'token']),
      database.schema.createIndex('privacy_vault_expiry').on('privacy_vault').column('expires_at'),
    ],
  },
]
