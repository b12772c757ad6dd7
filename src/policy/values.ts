/** Cedar values at run time (Cedar policy language, "Data types"), their equality and their canonical keys. */
import { EvaluationFailure } from './errors.ts'

/** A 64-bit signed integer: a number when it is a safe integer, a bigint only when it is not, so `===` compares. */
export type Long = number | bigint

export interface EntityUid {
  readonly kind: 'entity'
  readonly type: string
  readonly id: string
  /** `type::"id`, unambiguous because a type name has no quotation mark */
  readonly key: string
}

/** Primitive members by value, all others by canonical key: membership takes constant time, equality is structural. */
export interface CedarSet {
  readonly kind: 'set'
  readonly primitives: ReadonlySet<Primitive>
  readonly composites: ReadonlyMap<string, Composite>
}

export interface CedarRecord {
  readonly kind: 'record'
  readonly fields: ReadonlyMap<string, Value>
}

/** Fixed point with four decimals: `value` is the number times 10,000. */
export interface Decimal {
  readonly kind: 'decimal'
  readonly value: Long
}

/** Milliseconds since the epoch. */
export interface Datetime {
  readonly kind: 'datetime'
  readonly value: Long
}

/** Milliseconds. */
export interface Duration {
  readonly kind: 'duration'
  readonly value: Long
}

/** An address or a range: `first` and `last` are the bounds of address/prefix. */
export interface IpRange {
  readonly kind: 'ip'
  readonly version: 4 | 6
  readonly address: bigint
  readonly prefix: number
  readonly first: bigint
  readonly last: bigint
}

export type Primitive = boolean | Long | string
export type Composite = EntityUid | CedarSet | CedarRecord | Decimal | Datetime | Duration | IpRange
export type Value = Primitive | Composite

const TYPE_NAME = /^[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)*$/

/** The entity `type::"id"`, or undefined when `type` is not a Cedar type name. */
export function entityUid(type: string, id: string): EntityUid | undefined {
  return TYPE_NAME.test(type) ? { kind: 'entity', type, id, key: `${type}::"${id}"` } : undefined
}

export function makeSet(items: Iterable<Value>): CedarSet {
  const primitives = new Set<Primitive>()
  const composites = new Map<string, Composite>()
  for (const item of items) {
    if (typeof item === 'object') composites.set(canonicalKey(item), item)
    else primitives.add(item)
  }
  return { kind: 'set', primitives, composites }
}

export function setHas(set: CedarSet, item: Value): boolean {
  return typeof item === 'object' ? set.composites.has(canonicalKey(item)) : set.primitives.has(item)
}

export function setSize(set: CedarSet): number {
  return set.primitives.size + set.composites.size
}

/** Whether every member of `smaller` is in `larger`. */
export function isSubset(smaller: CedarSet, larger: CedarSet): boolean {
  if (smaller.primitives.size > larger.primitives.size || smaller.composites.size > larger.composites.size) return false
  for (const item of smaller.primitives) if (!larger.primitives.has(item)) return false
  for (const key of smaller.composites.keys()) if (!larger.composites.has(key)) return false
  return true
}

export function intersects(a: CedarSet, b: CedarSet): boolean {
  return overlaps(a.primitives, b.primitives) || overlaps(a.composites, b.composites)
}

function overlaps<T>(a: { size: number; keys(): Iterable<T>; has(item: T): boolean }, b: typeof a): boolean {
  const [few, many] = a.size <= b.size ? [a, b] : [b, a]
  for (const item of few.keys()) if (many.has(item)) return true
  return false
}

/** Cedar's `==`: structural, and false (never an error) for values of different types. */
export function equalValues(a: Value, b: Value): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b
  if (a === b) return true
  if (a.kind === 'entity') return b.kind === 'entity' && a.key === b.key
  if (a.kind === 'set') return b.kind === 'set' && setSize(a) === setSize(b) && isSubset(a, b)
  if (a.kind === 'record') return b.kind === 'record' && equalRecords(a, b)
  if (a.kind === 'ip') return b.kind === 'ip' && sameRange(a, b)
  return a.kind === b.kind && a.value === b.value
}

function equalRecords(a: CedarRecord, b: CedarRecord): boolean {
  if (a.fields.size !== b.fields.size) return false
  for (const [name, value] of a.fields) {
    const other = b.fields.get(name)
    if (other === undefined || !equalValues(value, other)) return false
  }
  return true
}

function sameRange(a: IpRange, b: IpRange): boolean {
  return a.version === b.version && a.prefix === b.prefix && a.address === b.address
}

/**
 * A string that two composite values share exactly when they are equal. Kinds differ in the first character (an
 * entity's key starts with its type name), and nested keys carry their length, so no two values can run together.
 */
function canonicalKey(value: Composite): string {
  switch (value.kind) {
    case 'entity':
      return value.key
    case 'set':
      return `{${[...[...value.primitives].map(memberKey), ...[...value.composites.keys()].map(sized)].sort().join('')}`
    case 'record':
      return `(${[...value.fields]
        .map(([name, field]) => sized(name) + memberKey(field))
        .sort()
        .join('')}`
    case 'decimal':
      return `#${value.value}`
    case 'datetime':
      return `@${value.value}`
    case 'duration':
      return `~${value.value}`
    case 'ip':
      return `/${value.version}/${value.address}/${value.prefix}`
  }
}

function memberKey(value: Value): string {
  if (typeof value === 'object') return sized(canonicalKey(value))
  return sized(typeof value === 'string' ? `"${value}` : `=${value}`)
}

function sized(key: string): string {
  return `${key.length}:${key}`
}

/** Name of the value's type for an error message; never the value itself. */
export function typeOf(value: Value): string {
  if (typeof value === 'object') return value.kind
  return typeof value === 'number' || typeof value === 'bigint' ? 'long' : typeof value
}

export function wrongType(expected: string, actual: Value): EvaluationFailure {
  return new EvaluationFailure(`type error: expected ${expected}, got ${typeOf(actual)}`)
}
