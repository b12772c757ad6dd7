// What every database under the store offers: commands of many connections, carried out one after the other.

import type { StoreErrorCode } from './error.ts'
import type { Value } from './value.ts'

/** `run` outside `begin` and `commit` is a transaction of its own. */
export type Command =
  | { readonly kind: 'run'; readonly sql: string; readonly parameters: readonly Value[] }
  | { readonly kind: 'begin'; readonly readOnly: boolean }
  | { readonly kind: 'commit' }
  | { readonly kind: 'rollback' }
  | { readonly kind: 'close' }

export interface Result {
  readonly rows: readonly Record<string, Value>[]
  readonly changes: number
}

export interface Failure {
  readonly code: StoreErrorCode
  readonly message: string
}

export interface Engine {
  /** @throws StoreError `closed` once `close` was called */
  connect(): Connection
  /** Lets what was begun finish, refuses what comes after. */
  close(): Promise<void>
}

/** A transaction belongs to the connection that began it; what comes from others waits for its end. */
export interface Connection {
  send(command: Command): Promise<Result>
}

export const nothing: Result = { rows: [], changes: 0 }

/** What may share a transaction with others; a pragma or a change of the schema may not. */
export const groupable = /^\s*(select|with|insert|update|delete)\b/i

/** So that a reader behind many writers does not wait for all of them. */
export const maxGroup = 256
