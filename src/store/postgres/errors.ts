// PostgreSQL's error codes (https://www.postgresql.org/docs/current/errcodes-appendix.html) as the store's. Its messages
// quote values, so they are never passed on: only names of tables, columns and constraints are.

import { StoreError, type StoreErrorCode } from '../error.ts'

/** What the server said of a statement; undefined for an error that is not its answer, but a broken connection. */
export function toStoreError(error: unknown): StoreError | undefined {
  if (error instanceof StoreError) return error
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  // A state has five characters and names what the server refused; the system's codes are words such as ECONNRESET.
  if (!/^[0-9A-Z]{5}$/.test(error.code) || !('severity' in error)) return undefined
  const code = codes[error.code] ?? classes[error.code.slice(0, 2)] ?? 'sql'
  return new StoreError(code, `${phrases[code] ?? 'the database refused'}${placeIn(error)} (${error.code})`)
}

/** After these the server ends the connection, or already has. */
export function endsConnection(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^(?:57P0[1-5]|08|25P0[34])/.test(code)
}

function placeIn(error: Error): string {
  const named = ['table', 'column', 'constraint'].flatMap((kind) => {
    const name: unknown = Reflect.get(error, kind)
    return typeof name === 'string' && name !== '' ? [`${kind} ${name}`] : []
  })
  return named.length === 0 ? '' : `: ${named.join(', ')}`
}

const codes: Readonly<Record<string, StoreErrorCode>> = {
  '22003': 'out_of_range',
  '23502': 'not_null',
  '23503': 'foreign_key',
  '23505': 'unique',
  '23514': 'check',
  '25006': 'unwritable', // read-only: a standby
  '25P02': 'transaction_ended',
  '25P03': 'transaction_ended',
  '25P04': 'transaction_ended',
  '40001': 'locked',
  '40P01': 'locked', // deadlock
  '42501': 'unwritable', // no privilege
  '42804': 'type',
  '3D000': 'unwritable', // no such database
  '3F000': 'foreign', // no such schema: it was dropped
  '53100': 'disk',
  '53300': 'unreachable', // too many connections
  '55P03': 'locked',
  '57014': 'unreachable', // took too long
  '57P01': 'unreachable',
  '57P02': 'unreachable',
  '57P03': 'unreachable',
  '57P04': 'unreachable',
  '57P05': 'unreachable',
  '58030': 'disk',
  XX001: 'corrupt',
  XX002: 'corrupt',
}

const classes: Readonly<Record<string, StoreErrorCode>> = {
  '08': 'unreachable',
  '22': 'type', // a text that is no number, say
  '23': 'check',
  '28': 'unwritable', // user or password
  '53': 'disk',
  '54': 'too_big',
  '58': 'disk',
}

const phrases: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  unique: 'the value is there already',
  foreign_key: 'a row that this refers to is missing, or others refer to it',
  not_null: 'a value is missing',
  check: 'a rule of the table is broken',
  type: 'the value has the wrong type',
  out_of_range: 'the number is too large',
  too_big: 'the statement or the value is too large',
  locked: 'another process has held the store too long; nothing was written, try again',
  disk: 'the server has no room or cannot write',
  corrupt: 'the server found damaged data; restore it from a backup',
  unwritable: 'the server does not permit it',
  unreachable: 'the server did not carry it out in time, or is stopping',
  transaction_ended: 'the database ended the transaction',
  sql: 'the database does not understand the statement',
  foreign: 'the schema of the store is gone',
}
