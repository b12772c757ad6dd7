/**
 * Reads a Cedar schema (its JSON form) for our own use, when entities and requests come in: the types that it declares
 * and the groups of its actions. Cedar has validated it by then, so every name in it means something, and no type is made
 * of itself. A name without `::` is looked for in its own namespace first, and then among those without a namespace
 * (Cedar RFC 24).
 */
import type {
  ActionEntityUID,
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
 * @param json a valid schema
 * @returns its declarations, and its actions as entities in their groups
 */
export function readSchema(json: SchemaJson<string>): { schema: Schema; actions: Entities } {
  const names = declaredNames(json)
  const read = commonTypes(names)
  const namespaces = Object.entries(json)
  const entityTypes = namespaces.flatMap(([namespace, { entityTypes }]) =>
    Object.entries(entityTypes).map(
      ([name, type]) => [qualify(namespace, name), readEntityType(type, namespace, names, read)] as const,
    ),
  )
  const actions = namespaces.flatMap(([namespace, { actions }]) =>
    Object.entries(actions).map(([id, action]) => readAction(id, action, namespace, names, read)),
  )
  return {
    schema: {
      entityTypes: new Map(entityTypes),
      actionTypes: new Map(actions.map(({ key, type }) => [key, type])),
    },
    actions: createEntities(actions.map(({ entity }) => entity)),
  }
}

/** What a schema declares, by full name; actions by the key of their uid. */
interface Names {
  readonly common: ReadonlyMap<string, { readonly type: Type<string>; readonly namespace: string }>
  readonly entities: ReadonlySet<string>
  readonly actions: ReadonlySet<string>
}

function declaredNames(schema: SchemaJson<string>): Names {
  const common = new Map<string, { type: Type<string>; namespace: string }>()
  const entities = new Set<string>()
  const actions = new Set<string>()
  for (const [namespace, definition] of Object.entries(schema)) {
    for (const [name, type] of Object.entries(definition.commonTypes ?? {})) {
      common.set(qualify(namespace, name), { type, namespace })
    }
    for (const name of Object.keys(definition.entityTypes)) entities.add(qualify(namespace, name))
    for (const id of Object.keys(definition.actions)) actions.add(actionKey(qualify(namespace, 'Action'), id))
  }
  return { common, entities, actions }
}

/** A type from its JSON form, as it stands in a namespace. */
type ReadType = (json: Type<string>, namespace: string) => ValueType

/** Common types may use each other; each is read once, however often it is used. */
function commonTypes(names: Names): ReadType {
  const done = new Map<string, ValueType>()

  const read: ReadType = (json, namespace) => {
    if ('element' in json) return { kind: 'set', element: read(json.element, namespace) }
    if ('attributes' in json) return readRecord(json.attributes, namespace, read)
    if (!('name' in json)) return BUILT_IN.get(json.type) ?? named(json.type, namespace)
    return json.type === 'Entity'
      ? { kind: 'entity', type: entityName(json.name, namespace, names) }
      : named(json.name, namespace)
  }
  const named = (name: string, namespace: string): ValueType => {
    for (const full of fullNames(name, namespace)) {
      const known = done.get(full)
      if (known !== undefined) return known
      const common = names.common.get(full)
      if (common !== undefined) {
        const type = read(common.type, common.namespace)
        done.set(full, type)
        return type
      }
      if (names.entities.has(full)) return { kind: 'entity', type: full }
    }
    const type = BUILT_IN.get(name.replace(/^__cedar::/, ''))
    if (type === undefined) throw new Error(`the schema has no type '${name}', and Cedar has not noticed`)
    return type
  }
  return read
}

function entityName(name: string, namespace: string, names: Names): string {
  return fullNames(name, namespace).find((full) => names.entities.has(full)) ?? name
}

/** What a name may stand for, the nearest first. */
function fullNames(name: string, namespace: string): readonly string[] {
  return namespace === '' || name.includes('::') ? [name] : [`${namespace}::${name}`, name]
}

function readRecord(
  attributes: Readonly<Record<string, Type<string> & { required?: boolean }>>,
  namespace: string,
  read: ReadType,
): RecordType {
  const entries = Object.entries(attributes).map(
    ([name, type]) => [name, { type: read(type, namespace), required: type.required !== false }] as const,
  )
  return { kind: 'record', attributes: new Map(entries) }
}

function readEntityType(json: EntityTypeJson<string>, namespace: string, names: Names, read: ReadType): EntityType {
  if ('enum' in json) {
    return { attributes: NO_ATTRIBUTES, tags: undefined, parentTypes: new Set(), ids: new Set(json.enum) }
  }
  return {
    attributes: asRecord(json.shape, namespace, read),
    tags: json.tags && read(json.tags, namespace),
    parentTypes: new Set(json.memberOfTypes?.map((name) => entityName(name, namespace, names))),
    ids: undefined,
  }
}

function readAction(
  id: string,
  { appliesTo, memberOf = [] }: ActionJson<string>,
  namespace: string,
  names: Names,
  read: ReadType,
): { key: string; type: ActionType; entity: EntityJson } {
  const type = qualify(namespace, 'Action')
  const typesOf = (list: readonly string[] | undefined) =>
    new Set(list?.map((name) => entityName(name, namespace, names)))
  const groupType = (group: ActionEntityUID<string>) =>
    fullNames(group.type ?? 'Action', namespace).find((full) => names.actions.has(actionKey(full, group.id))) ?? type
  return {
    key: actionKey(type, id),
    type: {
      principalTypes: typesOf(appliesTo?.principalTypes),
      resourceTypes: typesOf(appliesTo?.resourceTypes),
      context: asRecord(appliesTo?.context, namespace, read),
    },
    entity: { uid: { type, id }, parents: memberOf.map((group) => ({ type: groupType(group), id: group.id })) },
  }
}

function asRecord(json: Type<string> | undefined, namespace: string, read: ReadType): RecordType {
  const type = json === undefined ? NO_ATTRIBUTES : read(json, namespace)
  return type.kind === 'record' ? type : NO_ATTRIBUTES
}

function qualify(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}::${name}`
}

function actionKey(type: string, id: string): string {
  return readUid({ type, id }, []).key
}
