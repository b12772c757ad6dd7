/**
 * Reads a Cedar schema for our own use, when entities and requests come in: the types that it declares and the groups of
 * its actions. Cedar has parsed it and resolved all names; policies are validated against it by Cedar itself.
 */
import type {
  ActionType as ActionJson,
  EntityType as EntityTypeJson,
  SchemaJson,
  Type,
} from '@cedar-policy/cedar-wasm/nodejs'
import type { ActionType, EntityType, RecordType, Schema, ValueType } from './declarations.ts'
import { createEntities, type Entities, type EntityJson } from './entities.ts'
import { readUid } from './json.ts'

const BUILT_IN: ReadonlyMap<string, ValueType> = new Map(
  (
    [
      ['Bool', 'boolean'],
      ['Boolean', 'boolean'],
      ['Long', 'long'],
      ['String', 'string'],
      ['decimal', 'decimal'],
      ['ipaddr', 'ip'],
      ['datetime', 'datetime'],
      ['duration', 'duration'],
    ] as const
  ).map(([name, kind]) => [name, { kind }]),
)

const NO_ATTRIBUTES: RecordType = { kind: 'record', attributes: new Map() }

/**
 * @param json a schema whose names are all resolved (`schemaToJsonWithResolvedTypes`)
 * @returns its declarations, and its actions as entities in their groups
 */
export function readSchema(json: SchemaJson<string>): { schema: Schema; actions: Entities } {
  const types = commonTypes(json)
  const namespaces = Object.entries(json)
  const entityTypes = namespaces.flatMap(([namespace, { entityTypes }]) =>
    Object.entries(entityTypes).map(([name, type]) => [qualify(namespace, name), readEntityType(type, types)] as const),
  )
  const actions = namespaces.flatMap(([namespace, { actions }]) =>
    Object.entries(actions).map(([id, action]) => readAction(namespace, id, action, types)),
  )
  return {
    schema: {
      entityTypes: new Map(entityTypes),
      actionTypes: new Map(actions.map(({ key, type }) => [key, type])),
    },
    actions: createEntities(actions.map(({ entity }) => entity)),
  }
}

/** A type from its JSON form. */
type ReadType = (json: Type<string>) => ValueType

/** Common types may use each other (Cedar refuses circles); each is read once, however often it is used. */
function commonTypes(schema: SchemaJson<string>): ReadType {
  const declared = new Map(
    Object.entries(schema).flatMap(([namespace, { commonTypes = {} }]) =>
      Object.entries(commonTypes).map(([name, type]) => [qualify(namespace, name), type] as const),
    ),
  )
  const done = new Map<string, ValueType>()

  const named = (name: string): ValueType => {
    const known = done.get(name)
    if (known !== undefined) return known
    const common = declared.get(name)
    const type = common === undefined ? BUILT_IN.get(name.replace(/^__cedar::/, '')) : read(common)
    if (type === undefined) throw new Error(`Cedar left the type '${name}' unresolved`)
    done.set(name, type)
    return type
  }
  const read: ReadType = (json) => {
    if ('element' in json) return { kind: 'set', element: read(json.element) }
    if ('attributes' in json) return readRecord(json.attributes, read)
    if (!('name' in json)) return named(json.type)
    return json.type === 'Entity' ? { kind: 'entity', type: json.name } : named(json.name)
  }
  return read
}

function readRecord(
  attributes: Readonly<Record<string, Type<string> & { required?: boolean }>>,
  read: ReadType,
): RecordType {
  const entries = Object.entries(attributes).map(
    ([name, type]) => [name, { type: read(type), required: type.required !== false }] as const,
  )
  return { kind: 'record', attributes: new Map(entries) }
}

function readEntityType(json: EntityTypeJson<string>, read: ReadType): EntityType {
  if ('enum' in json) {
    return { attributes: NO_ATTRIBUTES, tags: undefined, parentTypes: new Set(), ids: new Set(json.enum) }
  }
  return {
    attributes: asRecord(json.shape, read),
    tags: json.tags && read(json.tags),
    parentTypes: new Set(json.memberOfTypes),
    ids: undefined,
  }
}

function readAction(
  namespace: string,
  id: string,
  { appliesTo, memberOf = [] }: ActionJson<string>,
  read: ReadType,
): { key: string; type: ActionType; entity: EntityJson } {
  const ownType = qualify(namespace, 'Action')
  const uid = { type: ownType, id }
  return {
    key: readUid(uid, []).key,
    type: {
      principalTypes: new Set(appliesTo?.principalTypes),
      resourceTypes: new Set(appliesTo?.resourceTypes),
      context: asRecord(appliesTo?.context, read),
    },
    entity: { uid, parents: memberOf.map((group) => ({ type: group.type ?? ownType, id: group.id })) },
  }
}

function asRecord(json: Type<string> | undefined, read: ReadType): RecordType {
  const type = json === undefined ? NO_ATTRIBUTES : read(json)
  return type.kind === 'record' ? type : NO_ATTRIBUTES
}

function qualify(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}::${name}`
}
