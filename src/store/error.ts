// The one error of this room, with the same codes for every database underneath.

/**
 * Opening: `not_a_database`, `foreign` (another program's), `corrupt`, `locked`, `unwritable`, `restoring` (a restore
 * into it was not finished).
 * A server: `unreachable` (no connection, or it broke; the message says what is known of the statement), `argument` (an
 * address that cannot be used, or one that is not safe).
 * Statements: `unique`, `foreign_key`, `not_null`, `check`, `type`, `invalid_value`, `out_of_range`, `too_big`,
 * `locked`, `disk`, `transaction_ended` (timed out or rolled back by the database), `sql` (a mistake in the program).
 * Migrations: `migration_invalid`, `migration_failed`, `migration_changed`, `migration_missing`, `migration_unknown`.
 * The store itself: `closed`, `crashed`.
 */
export type StoreErrorCode =
  | 'not_a_database'
  | 'foreign'
  | 'corrupt'
  | 'locked'
  | 'unwritable'
  | 'unreachable'
  | 'restoring'
  | 'argument'
  | 'unique'
  | 'foreign_key'
  | 'not_null'
  | 'check'
  | 'type'
  | 'invalid_value'
  | 'out_of_range'
  | 'too_big'
  | 'disk'
  | 'transaction_ended'
  | 'sql'
  | 'migration_invalid'
  | 'migration_failed'
  | 'migration_changed'
  | 'migration_missing'
  | 'migration_unknown'
  | 'closed'
  | 'crashed'

/** What the store refused or could not do. Names tables and columns, never the values in them. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
