// The session with the server: one connection, on which statements run in the order of their arrival; while a
// transaction is open, all that does not belong to it waits. Statements that arrive together are committed together.
// A connection that broke is opened again for the next statement. What was under way on it fails; nothing is sent twice
// unless the server is known not to have carried it out.

import type { Client, QueryResult } from 'pg'
import { type Command, type Connection, type Engine, groupable, maxGroup, nothing, type Result } from '../engine.ts'
import { StoreError } from '../error.ts'
import { endsConnection, toStoreError } from './errors.ts'
import { connectionProblem, connectServer, type ServerOptions, takeWriteLock } from './open.ts'

interface Request {
  readonly connection: number
  readonly command: Command
  readonly resolve: (result: Result) => void
  readonly reject: (error: StoreError) => void
}

type Run = Extract<Command, { kind: 'run' }>

/** @throws StoreError as `connectServer` */
export async function openPostgresSession(options: ServerOptions): Promise<Engine> {
  return new PostgresSession(options, await connectServer(options, true))
}

class PostgresSession implements Engine {
  readonly #options: ServerOptions
  #client: Client | undefined
  /** In order of arrival. */
  #queue: Request[] = []
  /** Those that wait for the end of somebody else's transaction; they arrived before all that is queued. */
  #waiting: Request[] = []
  /** The connection whose transaction is open. */
  #owner: number | undefined
  #hasSavepoint = false
  #timer: NodeJS.Timeout | undefined
  #isIdleTooLong = false
  #isWorking = false
  /** Connections whose transaction was ended from here, and why; they hear of it at their next statement. */
  readonly #ended = new Map<number, StoreError>()
  #nextConnection = 0
  #closing: Promise<void> | undefined

  constructor(options: ServerOptions, client: Client) {
    this.#options = options
    this.#watch(client)
  }

  connect(): Connection {
    if (this.#closing !== undefined) throw new StoreError('closed', 'the store is closed')
    return this.#connection()
  }

  close(): Promise<void> {
    // A connection of its own: it waits for the transaction that may be open.
    this.#closing ??= this.#connection()
      .send({ kind: 'close' })
      .then(() => {})
    return this.#closing
  }

  #connection(): Connection {
    const connection = this.#nextConnection++
    return { send: (command) => this.#send(connection, command) }
  }

  #send(connection: number, command: Command): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ connection, command, resolve, reject })
      // What is sent in the same turn goes together.
      queueMicrotask(() => void this.#work())
    })
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return
    this.#isWorking = true
    while (this.#isIdleTooLong || this.#queue.length > 0) {
      if (this.#isIdleTooLong) await this.#endIdleTransaction()
      const group = this.#owner === undefined ? this.#withoutEnded(this.#takeGroup()) : []
      if (group.length > 0) await this.#answerTogether(group)
      else await this.#answerNext()
    }
    this.#isWorking = false
  }

  /** The single statements at the head of the queue. */
  #takeGroup(): readonly Request[] {
    const head = this.#queue.slice(0, maxGroup)
    const end = head.findIndex(({ command }) => command.kind !== 'run' || !groupable.test(command.sql))
    return this.#queue.splice(0, end === -1 ? head.length : end)
  }

  #withoutEnded(group: readonly Request[]): readonly Request[] {
    return group.filter(({ connection, reject }) => {
      const reason = this.#ended.get(connection)
      if (reason !== undefined) reject(reason)
      return reason === undefined
    })
  }

  async #answerNext(): Promise<void> {
    const request = this.#queue.shift()
    if (request === undefined) return
    if (this.#owner !== undefined && this.#owner !== request.connection) {
      this.#waiting.push(request)
      return
    }
    clearTimeout(this.#timer)
    try {
      request.resolve(await this.#execute(request))
    } catch (error) {
      request.reject(this.#failure(error))
    } finally {
      this.#watchIdleness()
    }
  }

  #execute(request: Request): Promise<Result> {
    const { command, connection } = request
    switch (command.kind) {
      case 'run':
        return this.#owner === undefined ? this.#runAlone(request, command) : this.#runInside(connection, command)
      case 'begin':
        return this.#begin(connection, command.readOnly)
      case 'commit':
        return this.#commit(connection)
      case 'rollback':
        return this.#rollback(connection)
      case 'close':
        return this.#shutDown()
    }
  }

  /**
   * Group commit: what arrived together is written in one transaction, and answered after that. When one of them fails,
   * all are rolled back, nothing has been answered yet, and each runs on its own instead.
   */
  async #answerTogether(group: readonly Request[]): Promise<void> {
    try {
      const results = group.some(({ command }) => writes(command))
        ? await this.#commitAll(group)
        : await this.#readAll(group)
      for (const [at, result] of results.entries()) {
        if (result instanceof StoreError) group[at]?.reject(result)
        else group[at]?.resolve(result)
        // Each in a turn of its own, as from SQLite's thread: who goes on after one has done so when the next comes.
        if (at < results.length - 1) await new Promise((resolve) => setImmediate(resolve))
      }
    } catch (error) {
      const failure = this.#failure(error)
      const isStatement = toStoreError(error) !== undefined && this.#client !== undefined
      if (group.length > 1 && isStatement && failure.code !== 'locked') {
        for (const request of group) await this.#answerTogether([request])
      } else {
        for (const { reject } of group) reject(failure)
      }
    }
  }

  async #readAll(group: readonly Request[]): Promise<readonly (Result | StoreError)[]> {
    const client = await this.#ensureClient()
    const settled = await Promise.allSettled(group.map(({ command }) => query(client, command)))
    return settled.map((outcome) =>
      outcome.status === 'fulfilled' ? toResult(outcome.value) : this.#failure(outcome.reason),
    )
  }

  async #commitAll(group: readonly Request[]): Promise<readonly Result[]> {
    const client = await this.#beginOnServer(`begin isolation level repeatable read; ${takeWriteLock}`)
    const settled = await Promise.allSettled(group.map(({ command }) => query(client, command)))
    const failed = settled.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) {
      await client.query('rollback').catch(() => this.#drop(client))
      throw failed.reason
    }
    await commitOnServer(client)
    return settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [toResult(outcome.value)] : []))
  }

  /** What can be in no group: a change of the schema. */
  async #runAlone(request: Request, command: Run): Promise<Result> {
    this.#refuseEnded(request.connection)
    const [result] = await this.#commitAll([{ ...request, command }])
    return result ?? nothing
  }

  /** Under a savepoint, so that a statement that fails undoes itself, and only itself. */
  async #runInside(connection: number, command: Run): Promise<Result> {
    this.#refuseEnded(connection)
    const client = await this.#ensureClient()
    const savepoint = client.query(this.#hasSavepoint ? 'release savepoint s; savepoint s' : 'savepoint s')
    this.#hasSavepoint = true
    const [saved, ran] = await Promise.allSettled([savepoint, query(client, command)])
    if (saved.status === 'rejected') throw saved.reason
    if (ran.status === 'fulfilled') return toResult(ran.value)
    if (toStoreError(ran.reason) !== undefined && !endsConnection(ran.reason)) {
      await client.query('rollback to savepoint s').catch((error) => this.#failure(error))
    }
    throw ran.reason
  }

  async #begin(connection: number, readOnly: boolean): Promise<Result> {
    this.#ended.delete(connection)
    await this.#beginOnServer(
      readOnly
        ? 'begin isolation level repeatable read read only'
        : `begin isolation level repeatable read; ${takeWriteLock}`,
    )
    this.#owner = connection
    this.#hasSavepoint = false
    return nothing
  }

  async #commit(connection: number): Promise<Result> {
    this.#refuseEnded(connection)
    const client = this.#client
    try {
      if (client !== undefined) await commitOnServer(client)
      return nothing
    } finally {
      this.#release()
    }
  }

  async #rollback(connection: number): Promise<Result> {
    if (this.#ended.delete(connection) || this.#owner === undefined) return nothing
    await this.#rollbackOnServer()
    return nothing
  }

  async #shutDown(): Promise<Result> {
    await this.#client?.end()
    this.#client = undefined
    for (const { reject } of this.#queue.splice(0)) reject(new StoreError('closed', 'the store is closed'))
    return nothing
  }

  /** Nothing has been asked of the server yet: if an old connection turns out to be dead, a new one may be tried. */
  async #beginOnServer(sql: string): Promise<Client> {
    const client = await this.#ensureClient()
    try {
      await client.query(sql)
      return client
    } catch (error) {
      if (toStoreError(error) !== undefined && !endsConnection(error)) {
        await client.query('rollback').catch(() => this.#drop(client))
        throw error
      }
      this.#drop(client)
      const fresh = await this.#ensureClient()
      await fresh.query(sql)
      return fresh
    }
  }

  async #rollbackOnServer(): Promise<void> {
    const client = this.#client
    await client?.query('rollback').catch(() => this.#drop(client))
    this.#release()
  }

  #watchIdleness(): void {
    clearTimeout(this.#timer)
    if (this.#owner === undefined) return
    this.#timer = setTimeout(() => {
      this.#isIdleTooLong = true
      void this.#work()
    }, this.#options.transactionIdleMs)
  }

  async #endIdleTransaction(): Promise<void> {
    this.#isIdleTooLong = false
    if (this.#owner === undefined) return
    const limit = this.#options.transactionIdleMs
    this.#ended.set(
      this.#owner,
      new StoreError('transaction_ended', `the transaction stood still for more than ${limit} ms`),
    )
    await this.#rollbackOnServer()
  }

  #refuseEnded(connection: number): void {
    const reason = this.#ended.get(connection)
    if (reason !== undefined) throw reason
  }

  #release(): void {
    clearTimeout(this.#timer)
    this.#owner = undefined
    this.#queue = this.#waiting.concat(this.#queue)
    this.#waiting = []
  }

  async #ensureClient(): Promise<Client> {
    if (this.#client !== undefined) return this.#client
    try {
      const client = await connectServer(this.#options, false)
      this.#watch(client)
      return client
    } catch (error) {
      // Those who wait behind would meet the same server; the next statement tries again.
      const failure = this.#failure(error)
      for (const { reject } of this.#queue.splice(0)) reject(failure)
      throw failure
    }
  }

  #watch(client: Client): void {
    this.#client = client
    client.on('end', () => this.#drop(client))
    client.on('error', () => this.#drop(client))
  }

  /** The connection is of no use any more: whose transaction was open on it learns that it is rolled back. */
  #drop(client: Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    client.end().catch(() => {})
    if (this.#owner === undefined) return
    const reason = new StoreError(
      'transaction_ended',
      'the connection broke, and the server rolled the transaction back',
    )
    this.#ended.set(this.#owner, reason)
    this.#release()
    queueMicrotask(() => void this.#work())
  }

  #failure(error: unknown): StoreError {
    const known = toStoreError(error)
    const client = this.#client
    if ((known === undefined || endsConnection(error)) && client !== undefined) this.#drop(client)
    return (
      known ??
      new StoreError(
        'unreachable',
        `${connectionProblem(error)} in the middle of a statement; it is not known whether the server carried it out`,
      )
    )
  }
}

function query(client: Client, command: Command): Promise<QueryResult> {
  if (command.kind !== 'run') throw new StoreError('sql', `${command.kind} is no statement`)
  // pg writes bigints as text, and bytes as they are.
  return client.query(command.sql, [...command.parameters])
}

/** A commit of a transaction that had failed is answered as what it does. */
async function commitOnServer(client: Client): Promise<void> {
  const { command } = await client.query('commit')
  if (command !== 'COMMIT') throw new StoreError('transaction_ended', 'the database rolled the transaction back')
}

function toResult({ rows, rowCount, command }: QueryResult): Result {
  return { rows, changes: /^(?:INSERT|UPDATE|DELETE)$/.test(command) ? (rowCount ?? 0) : 0 }
}

function writes(command: Command): boolean {
  if (command.kind !== 'run') return false
  return !/^\s*(?:select|with)\b/i.test(command.sql) || /\b(?:insert|update|delete)\b/i.test(command.sql)
}
