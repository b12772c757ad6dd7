// The program's end of the database thread: sends commands, gives back promises. The main thread never waits.

import { Worker } from 'node:worker_threads'
import type { Command, Connection, Engine, Result } from '../engine.ts'
import { StoreError } from '../error.ts'
import type { Reply, Request, ThreadOptions } from './protocol.ts'

export interface SqliteThread extends Engine {
  /** Ends the thread at once, in the middle of what it does; SQLite rolls back what was not committed. */
  terminate(): Promise<void>
}

/** Starts the thread and waits until it has opened the database. */
export async function openSqliteThread(options: ThreadOptions): Promise<SqliteThread> {
  // In the checkout this file is TypeScript, in the published package JavaScript; its sibling is the same.
  const isSource = import.meta.url.endsWith('.ts')
  const entry = isSource ? new URL('./worker.ts', import.meta.url) : new URL('./worker.js', import.meta.url)
  const worker = new Worker(entry, {
    name: 'holdfast-store',
    workerData: options,
    // The thread has no use for the environment, nor for the flags of whatever program opened the store.
    env: {},
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const client = new ThreadClient(worker)
  try {
    await client.opened
  } catch (error) {
    await client.terminate()
    throw error
  }
  return client
}

interface Pending {
  readonly resolve: (result: Result) => void
  readonly reject: (error: StoreError) => void
}

class ThreadClient implements SqliteThread {
  readonly opened: Promise<Result>
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #exited: Promise<void>
  #nextId = 0
  #nextConnection = 0
  #closing: Promise<void> | undefined
  #ended: StoreError | undefined

  constructor(worker: Worker) {
    this.#worker = worker
    this.opened = this.#expect(this.#nextId++)
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()))
    worker.on('message', (reply: Reply) => this.#settle(reply))
    worker.on('error', (error) =>
      this.#end(new StoreError('crashed', 'the thread of the store failed', { cause: error })),
    )
    worker.on('exit', () => this.#end(new StoreError('closed', 'the store is closed')))
  }

  connect(): Connection {
    if (this.#closing !== undefined) throw new StoreError('closed', 'the store is closed')
    const connection = this.#nextConnection++
    return { send: (command) => this.#send(connection, command) }
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  async terminate(): Promise<void> {
    this.#closing ??= this.#exited
    await this.#worker.terminate()
  }

  async #shutDown(): Promise<void> {
    // A connection of its own: it waits, in the thread, for the transaction that may be open.
    if (this.#ended === undefined) await this.#send(this.#nextConnection++, { kind: 'close' })
    await this.#exited
  }

  #send(connection: number, command: Command): Promise<Result> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const id = this.#nextId++
    const settled = this.#expect(id)
    this.#worker.postMessage({ id, connection, command } satisfies Request)
    return settled
  }

  #expect(id: number): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#pending.set(id, { resolve, reject })
    return promise
  }

  #settle({ id, result, failure }: Reply): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (failure !== undefined) pending?.reject(new StoreError(failure.code, failure.message))
    else if (result !== undefined) pending?.resolve(result)
  }

  #end(reason: StoreError): void {
    this.#ended ??= reason
    for (const { reject } of this.#pending.values()) reject(this.#ended)
    this.#pending.clear()
  }
}
