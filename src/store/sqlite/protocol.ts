// What travels between the program and the thread that has the database.

import type { StoreErrorCode } from '../error.ts'

export interface ThreadOptions {
  readonly path: string
  readonly busyTimeoutMs: number
  readonly transactionIdleMs: number
}

export type Value = null | number | bigint | string | Uint8Array

/** `connection` tells whose transaction a statement belongs to. */
export type Command =
  | { readonly kind: 'run'; readonly sql: string; readonly parameters: readonly Value[] }
  | { readonly kind: 'begin'; readonly readOnly: boolean }
  | { readonly kind: 'commit' }
  | { readonly kind: 'rollback' }
  | { readonly kind: 'close' }

export interface Request {
  readonly id: number
  readonly connection: number
  readonly command: Command
}

export interface Result {
  readonly rows: readonly Record<string, Value>[]
  readonly changes: number
}

export interface Failure {
  readonly code: StoreErrorCode
  readonly message: string
}

/** The first reply, with id 0, says whether the database could be opened. */
export interface Reply {
  readonly id: number
  readonly result?: Result
  readonly failure?: Failure
}
