// SQLite's result codes (https://www.sqlite.org/rescode.html) as the store's.

import type { Failure } from '../engine.ts'
import { StoreError, type StoreErrorCode } from '../error.ts'

export function toFailure(error: unknown): Failure {
  if (error instanceof StoreError) return { code: error.code, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof Error)) return { code: 'sql', message }
  if ('errcode' in error && typeof error.errcode === 'number')
    return { code: codeOf(error.errcode), message: words[error.errcode & 0xff] ?? message }
  if ('code' in error && error.code === 'ERR_OUT_OF_RANGE') {
    return { code: 'out_of_range', message: 'the store holds a whole number beyond 2^53, which cannot be read exactly' }
  }
  if ('code' in error && isFileError(error.code)) return { code: 'unwritable', message }
  return { code: 'sql', message }
}

function codeOf(extended: number): StoreErrorCode {
  return constraints[extended] ?? primaries[extended & 0xff] ?? 'sql'
}

function isFileError(code: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENOSPC'].includes(String(code))
}

const constraints: Readonly<Record<number, StoreErrorCode>> = {
  275: 'check',
  787: 'foreign_key',
  1299: 'not_null',
  1555: 'unique',
  2067: 'unique',
  2579: 'unique',
  3091: 'type',
}

const primaries: Readonly<Record<number, StoreErrorCode>> = {
  3: 'unwritable', // PERM
  5: 'locked', // BUSY
  6: 'locked', // LOCKED
  8: 'unwritable', // READONLY
  10: 'disk', // IOERR
  11: 'corrupt',
  13: 'disk', // FULL
  14: 'unwritable', // CANTOPEN
  18: 'too_big',
  19: 'check', // a constraint of a kind not listed above
  20: 'type', // MISMATCH
  23: 'unwritable', // AUTH
  26: 'not_a_database',
}

/** Where SQLite's own do not say what to do. */
const words: Readonly<Record<number, string>> = {
  13: 'the disk of the store is full, so nothing of this was written; make room on it',
}
