// What travels between the program and the thread that has the database.

import type { Command, Failure, Result } from '../engine.ts'

export interface ThreadOptions {
  readonly path: string
  readonly busyTimeoutMs: number
  readonly transactionIdleMs: number
}

/** `connection` tells whose transaction a statement belongs to. */
export interface Request {
  readonly id: number
  readonly connection: number
  readonly command: Command
}

/** The first reply, with id 0, says whether the database could be opened. */
export interface Reply {
  readonly id: number
  readonly result?: Result
  readonly failure?: Failure
}
