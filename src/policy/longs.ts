/**
 * Cedar's `long`: 64-bit signed integers, where an overflow is an error (Cedar policy language, "Arithmetic operators").
 * Sums and products of safe integers are exact as numbers whenever the result is safe too; only else is bigint used.
 */
import { EvaluationFailure } from './errors.ts'
import { type Long, type Value, wrongType } from './values.ts'

const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n

export function asLong(value: Value): Long {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  throw wrongType('long', value)
}

export function add(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return inRange(BigInt(a) + BigInt(b))
}

export function subtract(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b
    if (Number.isSafeInteger(difference)) return difference
  }
  return inRange(BigInt(a) - BigInt(b))
}

export function multiply(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    if (Number.isSafeInteger(product)) return product
  }
  return inRange(BigInt(a) * BigInt(b))
}

export function negate(a: Long): Long {
  return typeof a === 'number' ? -a : inRange(-a)
}

/** Quotient rounded towards zero; `divisor` > 0. Exact: the remainder is taken off before the division. */
export function divide(a: Long, divisor: number): Long {
  return typeof a === 'number' ? (a - (a % divisor)) / divisor : inRange(a / BigInt(divisor))
}

/** Remainder in [0, divisor). */
export function modulo(a: Long, divisor: number): number {
  const remainder = typeof a === 'number' ? a % divisor : Number(a % BigInt(divisor))
  return remainder < 0 ? remainder + divisor : remainder
}

/** The Long for an exact integer, or undefined when it does not fit into 64 bits. */
export function toLong(exact: bigint): Long | undefined {
  if (exact < MIN || exact > MAX) return undefined
  const rounded = Number(exact)
  return Number.isSafeInteger(rounded) ? rounded : exact
}

function inRange(exact: bigint): Long {
  const long = toLong(exact)
  if (long === undefined) throw new EvaluationFailure('integer overflow')
  return long
}
