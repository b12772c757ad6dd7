// The thread that has the database. Statements run in the order of their arrival; while a transaction is open, all that
// does not belong to it waits. Statements that arrive together are committed together.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { type Command, groupable, maxGroup, nothing, type Result } from '../engine.ts'
import { StoreError } from '../error.ts'
import type { Value } from '../value.ts'
import { toFailure } from './errors.ts'
import { openDatabase } from './open.ts'
import type { Reply, Request, ThreadOptions } from './protocol.ts'

const maxStatements = 256

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
  /** In order of arrival. */
  #queue: Request[] = []
  /** Those that wait for the end of somebody else's transaction; they arrived before all that is queued. */
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

  accept(requests: readonly Request[]): void {
    for (const request of requests) this.#queue.push(request)
    this.#work()
  }

  #work(): void {
    while (this.#queue.length > 0) {
      const group = this.#owner === undefined ? this.#takeGroup() : []
      this.#answerTogether(group)
      const request = group.length === 0 ? this.#queue.shift() : undefined
      if (request === undefined) continue
      if (this.#owner !== undefined && this.#owner !== request.connection) this.#waiting.push(request)
      else this.#reply(this.#answer(request))
    }
  }

  /** The single statements at the head of the queue. */
  #takeGroup(): readonly Request[] {
    const head = this.#queue.slice(0, maxGroup)
    const end = head.findIndex(({ command }) => command.kind !== 'run' || !groupable.test(command.sql))
    return this.#queue.splice(0, end === -1 ? head.length : end)
  }

  /**
   * Group commit: what arrived together is written in one transaction, synced once, and answered after that. When
   * anything stands in the way, nothing has been answered yet, and each statement runs on its own instead.
   */
  #answerTogether(group: readonly Request[]): void {
    const writes = group.filter(({ command }) => command.kind === 'run' && !/^\s*select\b/i.test(command.sql))
    const replies = writes.length < 2 ? undefined : this.#commitTogether(group)
    if (replies !== undefined) for (const reply of replies) this.#reply(reply)
    else for (const request of group) this.#reply(this.#answer(request))
  }

  #commitTogether(group: readonly Request[]): readonly Reply[] | undefined {
    try {
      this.#database.exec('begin immediate')
      const replies = []
      for (const request of group) {
        replies.push(this.#answer(request)) // a statement that fails undoes itself, and only itself
        if (!this.#database.isTransaction) return undefined // SQLite rolled everything back, as on a full disk
      }
      this.#database.exec('commit')
      return replies
    } catch {
      if (this.#database.isTransaction) this.#database.exec('rollback')
      return undefined
    }
  }

  #answer({ id, connection, command }: Request): Reply {
    try {
      return { id, result: this.#execute(connection, command) }
    } catch (error) {
      return { id, failure: toFailure(error) }
    } finally {
      if (this.#owner !== undefined) this.#timer?.refresh()
    }
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
    this.#work()
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
    this.#queue = this.#waiting.concat(this.#queue)
    this.#waiting = []
    return nothing
  }
}

/** node:sqlite binds every number as a double; as a bigint a whole number stays an integer, in expressions too. */
function toBindable(value: Value): Value {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
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
  port.on('message', (first: Request) => {
    const requests = [first]
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      requests.push(next.message)
    }
    executor.accept(requests)
  })
  port.postMessage({ id: 0, result: nothing } satisfies Reply)
}

if (parentPort !== null) main(parentPort, workerData)
