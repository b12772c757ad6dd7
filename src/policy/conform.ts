/**
 * Values read from JSON as the schema declares them (Cedar: "schema-based parsing"). What does not fit is refused, and
 * the escapes may be left out: where an entity is declared `{type, id}` is one, and where an extension type is declared
 * its text is enough. Without this, `{type, id}` would be a record, and a forbid that looks into it would be skipped.
 */

import type { ExtensionKind, RecordType, Schema, ValueType } from './declarations.ts'
import { EvaluationFailure } from './errors.ts'
import { callExtension } from './extensions.ts'
import { JsonProblem, property, readUid, readValue } from './json.ts'
import { type EntityUid, makeSet, typeOf, type Value } from './values.ts'

/**
 * One value of the declared type.
 *
 * @throws JsonProblem
 */
export function readTyped(json: unknown, type: ValueType, schema: Schema, path: string[]): Value {
  switch (type.kind) {
    case 'set':
      return readTypedSet(json, type.element, schema, path)
    case 'record':
      return { kind: 'record', fields: readTypedFields(json, type, schema, path) }
    case 'entity':
      return readTypedUid(json, type.type, schema, path)
    case 'boolean':
    case 'long':
    case 'string':
      return ofKind(type.kind, readValue(json, path), path)
    default:
      return ofKind(type.kind, readExtension(json, type.kind, path), path)
  }
}

/**
 * The attributes of a record or an entity: all that are required, none that is not declared.
 *
 * @throws JsonProblem
 */
export function readTypedFields(json: unknown, type: RecordType, schema: Schema, path: string[]): Map<string, Value> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new JsonProblem(path, 'must be an object')
  const fields = new Map<string, Value>()
  for (const [name, value] of Object.entries(json)) {
    const attribute = type.attributes.get(name)
    path.push(name)
    if (attribute === undefined) throw new JsonProblem(path, 'is not declared in the schema')
    fields.set(name, readTyped(value, attribute.type, schema, path))
    path.pop()
  }
  if (fields.size < type.attributes.size) {
    for (const [name, { required }] of type.attributes) {
      if (required && !fields.has(name)) throw new JsonProblem([...path, name], 'is missing')
    }
  }
  return fields
}

/**
 * An entity that the schema allows to exist: of a declared type, one of the list when the type is enumerated, or an action.
 *
 * @throws JsonProblem
 */
export function readDeclaredUid(json: unknown, schema: Schema, path: readonly string[]): EntityUid {
  const uid = readUid(json, path)
  const type = schema.entityTypes.get(uid.type)
  if (type === undefined && !schema.actionTypes.has(uid.key)) {
    throw new JsonProblem(path, `the schema declares no such action or entity type as ${uid.type}`)
  }
  if (type?.ids?.has(uid.id) === false) throw new JsonProblem(path, `is not one of the entities of type ${uid.type}`)
  return uid
}

function readTypedUid(json: unknown, type: string, schema: Schema, path: readonly string[]): EntityUid {
  const uid = readDeclaredUid(json, schema, path)
  if (uid.type !== type) throw new JsonProblem(path, `must be of type ${type}, not ${uid.type}`)
  return uid
}

function readTypedSet(json: unknown, element: ValueType, schema: Schema, path: string[]): Value {
  if (!Array.isArray(json)) throw new JsonProblem(path, 'must be a list')
  path.push('[]')
  const items = json.map((item) => readTyped(item, element, schema, path))
  path.pop()
  return makeSet(items)
}

function readExtension(json: unknown, kind: ExtensionKind, path: string[]): Value {
  if (typeof json !== 'string') {
    return readValue(property(json, 'fn') === undefined ? json : { __extn: json }, path)
  }
  try {
    return callExtension(kind, [json])
  } catch (error) {
    throw error instanceof EvaluationFailure ? new JsonProblem(path, error.message) : error
  }
}

function ofKind(kind: string, value: Value, path: readonly string[]): Value {
  if (typeOf(value) !== kind) throw new JsonProblem(path, `must be of type ${kind}, not ${typeOf(value)}`)
  return value
}
