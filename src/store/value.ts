// The values that every database gives back as they were.

import { StoreError } from './error.ts'

export type Value = null | number | bigint | string | Uint8Array

/**
 * A parameter as it is stored. Refused here, where the stack still shows who sent it.
 *
 * @param index  of the parameter, from 0; only for the message, which never shows the value
 * @throws StoreError `invalid_value`
 */
export function toValue(value: unknown, index: number): Value {
  const refuse = (what: string): never => {
    throw new StoreError('invalid_value', `parameter ${index + 1} is ${what}`)
  }
  switch (typeof value) {
    case 'string':
      if (value.includes('\0')) return refuse('text with a NUL in it')
      return value.isWellFormed() ? value : refuse('text with half a surrogate pair in it')
    case 'number':
      if (!Number.isFinite(value)) return refuse('not a finite number')
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? refuse('a whole number beyond 2^53') : value + 0 // not -0: SQLite drops the sign
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? value : refuse('a whole number beyond 2^53')
    case 'object':
      if (value === null) return value
      // A copy of its own: posting a slice of Node's buffer pool would copy the whole pool.
      return value instanceof Uint8Array ? new Uint8Array(value) : refuse('an object; store its JSON text')
    default:
      return refuse(`a ${typeof value}; store text, numbers, bytes or null`)
  }
}
