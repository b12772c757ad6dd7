// What a row of PostgreSQL holds, as the values that SQLite gives too.

import { StoreError } from '../error.ts'
import type { Value } from '../value.ts'

const bool = 16
const bytea = 17
const numbers: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]) // int8, int2, int4, oid, float4, float8, numeric

/** For `pg`: how the text of a column of a type is read. @throws StoreError `out_of_range` */
export const typeParsers = {
  getTypeParser: (type: number): ((text: string) => Value) => {
    if (type === bytea) return (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'))
    if (type === bool) return (text) => (text === 't' ? 1 : 0)
    return numbers.has(type) ? toNumber : (text) => text
  },
}

function toNumber(text: string): number {
  const number = Number(text)
  if (/^-?\d+$/.test(text) && !Number.isSafeInteger(number)) {
    throw new StoreError('out_of_range', 'the store holds a whole number beyond 2^53, which cannot be read exactly')
  }
  return number
}
