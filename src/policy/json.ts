/**
 * Values in Cedar's JSON form (Cedar policy language, "JSON format for entities"): plain JSON plus the escapes
 * `{"__entity": {type, id}}` and `{"__extn": {fn, arg}}`. Not allowed, as in Cedar: null and fractions.
 */
import { EvaluationFailure } from './errors.ts'
import { callExtension } from './extensions.ts'
import { toLong } from './longs.ts'
import { type EntityUid, entityUid, makeSet, type Value } from './values.ts'

/** A bigint is needed only beyond 2^53. */
export type CedarJson =
  | boolean
  | number
  | bigint
  | string
  | readonly CedarJson[]
  | { readonly [name: string]: CedarJson }

export interface EntityUidJson {
  readonly type: string
  readonly id: string
}

const MAX_DEPTH = 128

/** What is wrong with a piece of JSON, and where inside it; the caller knows which piece. */
export class JsonProblem {
  readonly path: readonly string[]
  readonly message: string

  constructor(path: readonly string[], message: string) {
    this.path = [...path]
    this.message = message
  }
}

/** Text to JSON without losing digits: an integer that a double cannot hold becomes a bigint. */
export function parseJson(text: string): unknown {
  // A reviver is several times slower, and few files hold an integer of sixteen digits or more.
  if (!/[0-9]{16}/.test(text)) return JSON.parse(text)
  return JSON.parse(text, (_name, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
    return context?.source !== undefined && /^-?[0-9]+$/.test(context.source) ? BigInt(context.source) : value
  })
}

/**
 * One value from its JSON form. `path` is where we are, for messages and for the limit of nesting.
 *
 * @throws JsonProblem
 */
export function readValue(json: unknown, path: string[]): Value {
  switch (typeof json) {
    case 'boolean':
    case 'string':
      return json
    case 'number':
      if (!Number.isSafeInteger(json))
        throw new JsonProblem(path, 'a number must be an integer below 2^53 (use bigint)')
      return json
    case 'bigint': {
      const long = toLong(json)
      if (long === undefined) throw new JsonProblem(path, 'an integer must fit into 64 bits')
      return long
    }
    case 'object':
      if (json !== null) return readComposite(json, path)
  }
  throw new JsonProblem(path, `${json === null ? 'null' : typeof json} is not a Cedar value`)
}

/** @throws JsonProblem */
export function readFields(json: unknown, path: string[]): Map<string, Value> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new JsonProblem(path, 'must be an object')
  const fields = new Map<string, Value>()
  for (const [name, value] of Object.entries(json)) {
    if (name === '__entity' || name === '__extn' || name === '__expr') {
      throw new JsonProblem(path, `'${name}' is reserved and must be the only name in its object`)
    }
    path.push(name)
    fields.set(name, readValue(value, path))
    path.pop()
  }
  return fields
}

/**
 * An entity's uid as `{type, id}` or `{__entity: {type, id}}`.
 *
 * @throws JsonProblem
 */
export function readUid(json: unknown, path: readonly string[]): EntityUid {
  const plain = property(json, '__entity') ?? json
  const type = property(plain, 'type')
  const id = property(plain, 'id')
  if (typeof type !== 'string' || typeof id !== 'string') {
    throw new JsonProblem(path, 'an entity is written {"type": "...", "id": "..."}')
  }
  const uid = entityUid(type, id)
  if (uid === undefined) throw new JsonProblem(path, 'the type of an entity must be a name such as Model or Org::Model')
  return uid
}

function readComposite(json: object, path: string[]): Value {
  if (path.length > MAX_DEPTH) throw new JsonProblem(path.slice(0, 3), `values are nested more than ${MAX_DEPTH} deep`)
  if (Array.isArray(json)) return readSet(json, path)
  if (isEscape(json, '__entity')) return readUid(json, path)
  if (isEscape(json, '__extn')) return readExtension(property(json, '__extn'), path)
  return { kind: 'record', fields: readFields(json, path) }
}

function readSet(json: readonly unknown[], path: string[]): Value {
  path.push('[]')
  const items = json.map((item) => readValue(item, path))
  path.pop()
  return makeSet(items)
}

function readExtension(json: unknown, path: string[]): Value {
  const name = property(json, 'fn')
  const list = property(json, 'args')
  const single = property(json, 'arg')
  if (typeof name !== 'string' || (Array.isArray(list) ? single !== undefined : single === undefined)) {
    throw new JsonProblem(path, 'an extension value is written {"__extn": {"fn": "...", "arg": "..."}}')
  }
  path.push('__extn')
  const args = (Array.isArray(list) ? list : [single]).map((item) => readValue(item, path))
  path.pop()
  try {
    return callExtension(name, args)
  } catch (error) {
    throw error instanceof EvaluationFailure ? new JsonProblem(path, error.message) : error
  }
}

function isEscape(json: object, name: string): boolean {
  return Object.hasOwn(json, name) && Object.keys(json).length === 1
}

/** An object's own property, or undefined for anything else. */
export function property(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, name)) return undefined
  return Reflect.get(json, name)
}
