// Kysely's driver over an engine.

import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely'
import type { Connection, Engine } from './engine.ts'
import { StoreError } from './error.ts'
import { toValue } from './value.ts'

/** Every Kysely made of one engine shares it; destroying one does not close the store. */
export class EngineDriver implements Driver {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<EngineConnection> {
    return new EngineConnection(this.#engine.connect())
  }

  async beginTransaction({ handle }: EngineConnection, { accessMode }: TransactionSettings): Promise<void> {
    await handle.send({ kind: 'begin', readOnly: accessMode === 'read only' })
  }

  async commitTransaction({ handle }: EngineConnection): Promise<void> {
    await handle.send({ kind: 'commit' })
  }

  async rollbackTransaction({ handle }: EngineConnection): Promise<void> {
    await handle.send({ kind: 'rollback' })
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

class EngineConnection implements DatabaseConnection {
  readonly handle: Connection

  constructor(handle: Connection) {
    this.handle = handle
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, changes } = await this.handle.send({ kind: 'run', sql, parameters: parameters.map(toValue) })
    // The parse boundary: Kysely's row type is what the query was built from.
    return { rows: rows as readonly unknown[] as Row[], numAffectedRows: BigInt(changes) }
  }

  // biome-ignore lint/correctness/useYield: it is here to refuse
  async *streamQuery(): AsyncGenerator<never> {
    throw new StoreError('sql', 'the store does not stream; read in pages with limit')
  }
}
