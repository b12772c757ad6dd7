// Opens a connection so that a commit survives power loss, and refuses a server or a schema in which it would not, or
// that is not ours. Everything lies in one schema, so that a database may be shared with others.

import { Client } from 'pg'
import { StoreError } from '../error.ts'
import type { Address } from './address.ts'
import { toStoreError } from './errors.ts'
import { typeParsers } from './rows.ts'

export interface ServerOptions {
  readonly address: Address
  /** How long to wait for a connection, and for another program that is writing, in ms. */
  readonly busyTimeoutMs: number
  readonly transactionIdleMs: number
  /** How long one statement may take, in ms. */
  readonly statementTimeoutMs: number
  /** Take a server that does not sync its commits. */
  readonly allowUnsynced: boolean
  /** Take a store into which a restore was not finished. */
  readonly mayBeRestoring: boolean
}

/** The lock under which the schema is made: "HOLD". */
const advisoryLock = 0x484f4c44
const oldestVersion = 14

/** Every write holds it: one writer at a time, as in SQLite. Must come before the transaction's first look at a row. */
export const takeWriteLock = 'lock table holdfast.holdfast_store in exclusive mode'

/**
 * A connection to the store on a server; the schema is made when `mayCreate`.
 *
 * @throws StoreError `unreachable`, `unwritable`, `foreign`, `locked`, `restoring`
 */
export async function connectServer(options: ServerOptions, mayCreate: boolean): Promise<Client> {
  const { address } = options
  const client = newClient(options)
  // A connection may break at any time; who uses it hears of it from the statement. Unheard, it would end the program.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(sessionSettings(options))
    await refuseUnsafeServer(client, options)
    if (mayCreate) await createSchema(client)
    await refuseForeign(client, options)
    return client
  } catch (error) {
    client.end().catch(() => {})
    const { code, message } = toStoreError(error) ?? new StoreError('unreachable', connectionProblem(error))
    throw new StoreError(code, `the store ${address.shown} cannot be used: ${advice[code] ?? message}`)
  }
}

function newClient({ address, busyTimeoutMs, statementTimeoutMs }: ServerOptions): Client {
  const { host, port, user, database, password, ssl } = address
  return new Client({
    host,
    port,
    user,
    database,
    // As a function, so that the driver neither keeps it nor looks for one in the environment or in ~/.pgpass.
    password,
    ssl,
    enableChannelBinding: true,
    application_name: 'holdfast',
    connectionTimeoutMillis: busyTimeoutMs,
    // The server gives up first; this is for one that no longer answers at all.
    query_timeout: statementTimeoutMs + busyTimeoutMs,
    keepAlive: true,
    pipeline: true,
    types: typeParsers,
  })
}

/** `pg_temp` last: otherwise a temporary table of the same name would come before ours (CVE-2018-1058). */
function sessionSettings({ busyTimeoutMs, transactionIdleMs, statementTimeoutMs }: ServerOptions): string {
  return [
    'set search_path = holdfast, pg_temp',
    `set lock_timeout = ${busyTimeoutMs}`,
    `set statement_timeout = ${statementTimeoutMs}`,
    // We end a transaction that stands still; this is for when we stand still ourselves and hold the write lock.
    `set idle_in_transaction_session_timeout = ${2 * transactionIdleMs + 1000}`,
    "set client_connection_check_interval = '5s'",
    "set bytea_output = 'hex'",
    'set extra_float_digits = 1',
    'set standard_conforming_strings = on',
    "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'",
  ].join('; ')
}

async function refuseUnsafeServer(client: Client, { allowUnsynced }: ServerOptions): Promise<void> {
  const { rows } = await client.query(
    `select current_setting('server_version_num')::int8 / 10000 as version, pg_is_in_recovery() as standby,
       current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
       current_setting('full_page_writes') as full_page_writes`,
  )
  const [{ version, standby, encoding, fsync, full_page_writes: fullPageWrites }] = rows
  const refuse = (why: string): never => {
    throw new StoreError('unwritable', why)
  }
  if (version < oldestVersion) refuse(`PostgreSQL ${oldestVersion} or newer is needed, and this is ${version}`)
  if (standby === 1) refuse('the server is a standby and only reads; give the address of the primary')
  if (encoding !== 'UTF8') refuse(`the database has the encoding ${encoding}; make one with UTF8`)
  if (!allowUnsynced && (fsync !== 'on' || fullPageWrites !== 'on')) {
    refuse('the server has fsync or full_page_writes off and would lose commits when the power fails; turn them on')
  }
}

async function createSchema(client: Client): Promise<void> {
  await client.query(`begin; select pg_advisory_xact_lock(${advisoryLock})`)
  try {
    const { rows } = await client.query(
      `select to_regnamespace('holdfast') is not null as schema, to_regclass('holdfast.holdfast_store') is not null as marker,
         exists (select from pg_class where relnamespace = to_regnamespace('holdfast')) as used`,
    )
    const [{ schema, marker, used }] = rows
    if (schema === 0) await client.query('create schema holdfast')
    if (marker === 0 && used === 0) {
      await client.query(
        `create table holdfast.holdfast_store (format int8 not null, state text not null);
         insert into holdfast.holdfast_store values (1, 'ready')`,
      )
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

async function refuseForeign(client: Client, { mayBeRestoring }: ServerOptions): Promise<void> {
  const found = await client.query(`select to_regclass('holdfast.holdfast_store') is not null as marker`)
  const { rows } =
    found.rows[0].marker === 1 ? await client.query('select * from holdfast.holdfast_store') : { rows: [] }
  const [marker] = rows
  if (rows.length !== 1 || typeof marker.state !== 'string') {
    throw new StoreError('foreign', 'the schema holdfast belongs to another program')
  }
  if (marker.format !== 1) throw new StoreError('foreign', 'the store was made by a newer Holdfast; run that version')
  if (marker.state !== 'ready' && !mayBeRestoring) {
    throw new StoreError('restoring', 'a restore into it was not finished; run the same holdfast store restore again')
  }
}

/** Why there is no connection, without what the server or the system said word for word. */
export function connectionProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (problems[code] !== undefined) return problems[code]
  if (/CERT|TLS|SSL|SIGNED|ALTNAME/i.test(code)) return `the certificate of the server is not trusted (${code})`
  const message = error instanceof Error ? error.message : ''
  if (message.includes('does not support SSL')) return 'the server does not offer TLS; turn ssl on there'
  if (message.includes('imeout')) return 'the server does not answer'
  return `the connection broke${code === '' ? '' : ` (${code})`}`
}

const problems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at this address',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ENOENT: 'there is no such socket',
  EACCES: 'the socket may not be used',
  ETIMEDOUT: 'the server does not answer',
}

const advice: Readonly<Partial<Record<string, string>>> = {
  locked: 'another process is setting it up; try again',
}
