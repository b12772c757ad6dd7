// The thread that has the database. It runs one statement after the other; while a transaction is open, everything
// that does not belong to it waits in order.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { StoreError } from '../error.ts'
import { toFailure } from './errors.ts'
import { openDatabase } from './open.ts'
import type { Command, Reply, Request, Result, ThreadOptions, Value } from './protocol.ts'

const maxStatements = 256
const nothing: Result = { rows: [], changes: 0 }

interface Prepared {
  readonly statement: StatementSync
  readonly returnsRows: boolean
}

class Executor {
  readonly #database: DatabaseSync
  readonly #transactionIdleMs: number
  readonly #reply: (reply: Reply) => void
  readonly #closed: () => void
  readonly #statements = new Map<string, Prepared>()
  #waiting: Request[] = []
  /** The connection whose transaction is open. */
  #owner: number | undefined
  #timer: NodeJS.Timeout | undefined
  /** Connections whose transaction was ended from here; they hear of it at their next statement. */
  readonly #timedOut = new Set<number>()

  constructor(database: DatabaseSync, transactionIdleMs: number, reply: (reply: Reply) => void, closed: () => void) {
    this.#database = database
    this.#transactionIdleMs = transactionIdleMs
    this.#reply = reply
    this.#closed = closed
  }

  accept(request: Request): void {
    if (this.#owner !== undefined && this.#owner !== request.connection) this.#waiting.push(request)
    else this.#answer(request)
  }

  #answer({ id, connection, command }: Request): void {
    try {
      this.#reply({ id, result: this.#execute(connection, command) })
    } catch (error) {
      this.#reply({ id, failure: toFailure(error) })
    }
    if (this.#owner !== undefined) this.#timer?.refresh()
  }

  #execute(connection: number, command: Command): Result {
    switch (command.kind) {
      case 'run':
        this.#refuseEnded(connection)
        return this.#run(command.sql, command.parameters)
      case 'begin':
        return this.#begin(connection, command.readOnly)
      case 'commit':
        this.#refuseEnded(connection)
        this.#database.exec('commit')
        return this.#release()
      case 'rollback':
        if (this.#timedOut.delete(connection)) return nothing
        if (this.#database.isTransaction) this.#database.exec('rollback')
        return this.#release()
      case 'close':
        this.#statements.clear()
        this.#database.close()
        this.#closed()
        return nothing
    }
  }

  #run(sql: string, parameters: readonly Value[]): Result {
    const { statement, returnsRows } = this.#prepare(sql)
    const values = parameters.map(toBindable)
    if (returnsRows) return { rows: statement.all(...values), changes: 0 }
    const { changes } = statement.run(...values)
    if (/^\s*(create|alter|drop)\s/i.test(sql)) this.#statements.clear() // what is prepared knows the old columns
    return { rows: [], changes: Number(changes) }
  }

  /** The most recently used statements stay prepared: compiling one costs more than running it. */
  #prepare(sql: string): Prepared {
    let prepared = this.#statements.get(sql)
    if (prepared === undefined) {
      const statement = this.#database.prepare(sql)
      prepared = { statement, returnsRows: statement.columns().length > 0 }
    }
    this.#statements.delete(sql)
    this.#statements.set(sql, prepared)
    const [oldest] = this.#statements.keys()
    if (this.#statements.size > maxStatements && oldest !== undefined) this.#statements.delete(oldest)
    return prepared
  }

  #begin(connection: number, readOnly: boolean): Result {
    this.#timedOut.delete(connection)
    // IMMEDIATE takes the write lock now, where waiting for it is possible, and not at the first write, where it is not.
    this.#database.exec(readOnly ? 'begin' : 'begin immediate')
    this.#owner = connection
    this.#timer = setTimeout(() => this.#endTransaction(connection), this.#transactionIdleMs)
    return nothing
  }

  #endTransaction(connection: number): void {
    if (this.#database.isTransaction) this.#database.exec('rollback')
    this.#timedOut.add(connection)
    this.#release()
  }

  /** Without this, a statement after SQLite's own rollback (disk full, say) would be committed on its own. */
  #refuseEnded(connection: number): void {
    if (this.#timedOut.has(connection)) {
      throw new StoreError(
        'transaction_ended',
        `the transaction stood still for more than ${this.#transactionIdleMs} ms`,
      )
    }
    if (this.#owner === connection && !this.#database.isTransaction) {
      throw new StoreError('transaction_ended', 'the database rolled the transaction back')
    }
  }

  #release(): Result {
    clearTimeout(this.#timer)
    this.#owner = undefined
    const waiting = this.#waiting
    this.#waiting = []
    // After the reply that is about to be sent, and in order: whoever begins a transaction makes the rest wait again.
    queueMicrotask(() => {
      for (const request of waiting) this.accept(request)
    })
    return nothing
  }
}

/** node:sqlite binds every number as a double; as a bigint a whole number stays an integer, in expressions too. */
function toBindable(value: Value): Value {
  return typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value
}

function main(port: NonNullable<typeof parentPort>, options: ThreadOptions): void {
  let database: DatabaseSync
  try {
    database = openDatabase(options)
  } catch (error) {
    port.postMessage({ id: 0, failure: toFailure(error) } satisfies Reply)
    return
  }
  const executor = new Executor(
    database,
    options.transactionIdleMs,
    (reply) => port.postMessage(reply),
    () => queueMicrotask(() => port.close()),
  )
  port.on('message', (request: Request) => executor.accept(request))
  port.postMessage({ id: 0, result: nothing } satisfies Reply)
}

if (parentPort !== null) main(parentPort, workerData)
