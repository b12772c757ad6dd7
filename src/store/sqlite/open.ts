// Opens a SQLite file so that a commit survives power loss, and refuses a file that is not a whole store of ours.

import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../error.ts'
import { toFailure } from './errors.ts'
import type { ThreadOptions } from './protocol.ts'

/** "HOLD", in the header field that SQLite reserves for naming a file's format. */
const applicationId = 0x484f4c44

/** @throws StoreError `not_a_database`, `foreign`, `corrupt`, `locked`, `unwritable` */
export function openDatabase({ path, busyTimeoutMs }: ThreadOptions): DatabaseSync {
  const inMemory = path === ':memory:'
  let database: DatabaseSync | undefined
  try {
    if (!inMemory) createPrivately(path)
    database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true, defensive: true })
    refuseForeign(database)
    configure(database, inMemory)
    refuseCorrupt(database)
    return database
  } catch (error) {
    database?.close()
    const { code, message } = toFailure(error)
    throw new StoreError(code, `the store ${path} cannot be used: ${advice[code] ?? message}`)
  }
}

/** SQLite would create the file readable to all; its -wal and -shm files take over the mode we give it. */
function createPrivately(path: string): void {
  if (existsSync(path)) return
  closeSync(openSync(path, 'a', 0o600))
  if (process.platform === 'win32') return
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function refuseForeign(database: DatabaseSync): void {
  const id = database.prepare('pragma application_id').get()?.application_id
  if (id === applicationId) return
  const isEmpty = database.prepare('select 1 from sqlite_schema limit 1').get() === undefined
  if (id !== 0 || !isEmpty) throw new StoreError('foreign', 'the file is the database of another program')
  database.exec(`pragma application_id = ${applicationId}`)
}

function configure(database: DatabaseSync, inMemory: boolean): void {
  const mode = database.prepare('pragma journal_mode = wal').get()?.journal_mode
  if (mode !== 'wal' && !inMemory) {
    throw new StoreError('unwritable', 'write-ahead logging does not work on this file system; use a local disk')
  }
  // FULL, not the NORMAL often paired with WAL: NORMAL may lose the last commits on power loss.
  // fullfsync is for macOS, where fsync alone leaves data in the drive's cache.
  for (const pragma of [
    'synchronous = full',
    'fullfsync = on',
    'checkpoint_fullfsync = on',
    'trusted_schema = off',
    'temp_store = memory',
  ]) {
    database.exec(`pragma ${pragma}`)
  }
}

function refuseCorrupt(database: DatabaseSync): void {
  const verdict = database.prepare('pragma quick_check(1)').get()?.quick_check
  if (verdict !== 'ok') throw new StoreError('corrupt', 'the file is damaged')
}

const advice: Readonly<Partial<Record<string, string>>> = {
  not_a_database: 'the file is not a database; check the path',
  corrupt: 'the file is damaged; restore it from a backup',
  locked: 'another process holds it; stop that process',
}
