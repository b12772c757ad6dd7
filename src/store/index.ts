// Rows: Kysely over SQLite in a thread of its own or over PostgreSQL, with migrations. Durable when a promise resolves.

export { StoreError, type StoreErrorCode } from './error.ts'
export type { Migration } from './migrate.ts'
export { openStore, type Store, type StoreOptions } from './store.ts'
