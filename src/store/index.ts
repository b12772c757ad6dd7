// Rows: Kysely over SQLite in a thread of its own or over PostgreSQL, with migrations. Durable when a promise resolves.

export { checkStore } from './check.ts'
export { StoreError, type StoreErrorCode } from './error.ts'
export { beginLoading, type Loading } from './loading.ts'
export type { Migration } from './migrate.ts'
export { abandonRestoring, beginRestoring, finishRestoring, restoringId } from './postgres/restoring.ts'
export { openSnapshot, type Snapshot } from './snapshot.ts'
export { openStore, type Store, type StoreOptions } from './store.ts'
export type { TableShape } from './table-shape.ts'
export type { Value } from './value.ts'
