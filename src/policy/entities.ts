/**
 * Entities and their hierarchy (Cedar policy language, "Entities"): read from Cedar's JSON form, with the ancestors of
 * each entity worked out once, so that `in` is one look-up. The few entities of one request are laid over a store that
 * stays as it is: `entities.with([...])` costs what those few cost.
 */
import { readDeclaredUid, readTyped, readTypedFields } from './conform.ts'
import type { Schema, ValueType } from './declarations.ts'
import { plainError } from './errors.ts'
import { type CedarJson, type EntityUidJson, JsonProblem, parseJson, readFields, readUid } from './json.ts'
import type { EntityUid, Value } from './values.ts'

/** Cedar's JSON form of an entity; `parents`, `attrs` and `tags` may be left out when empty. */
export interface EntityJson {
  readonly uid: EntityUidJson | { readonly __entity: EntityUidJson }
  readonly attrs?: { readonly [name: string]: CedarJson }
  readonly parents?: readonly (EntityUidJson | { readonly __entity: EntityUidJson })[]
  readonly tags?: { readonly [name: string]: CedarJson }
}

export interface Entity {
  readonly uid: EntityUid
  readonly attributes: ReadonlyMap<string, Value>
  readonly tags: ReadonlyMap<string, Value>
  /** keys of all entities above this one, at any distance */
  readonly ancestors: ReadonlySet<string>
}

export interface Entities {
  readonly size: number
  /** The entity with this key (see EntityUid), or undefined. */
  find(key: string): Entity | undefined
  /**
   * These entities and the given ones. The given ones may have parents here; they must be new: neither here nor named
   * here as a parent, because then what is above the entities here would change.
   *
   * @throws PolicyError 'entities'
   */
  with(list: readonly EntityJson[]): Entities
}

/** Over all entities; a hierarchy needs about five an entity, and 5 million take about 200 MB. */
const MAX_ANCESTORS = 5_000_000

/**
 * Entities from Cedar's JSON form, as text (integers beyond 2^53 stay exact) or already parsed. With a policy set that
 * has a schema, they must conform to it, and so must those that `with` adds.
 *
 * @throws PolicyError 'entities' for anything that is not Cedar JSON, an entity given twice, or a circle of parents;
 *   'too_complex' when the hierarchy has more than 5 million ancestors in all
 */
export function createEntities(
  json: string | readonly EntityJson[],
  policies?: { readonly schema: Schema | undefined },
): Entities {
  return buildStore(typeof json === 'string' ? parseList(json) : json, policies?.schema, undefined)
}

/** No entities at all. */
export const NO_ENTITIES: Entities = createEntities([])

function buildStore(list: readonly unknown[], schema: Schema | undefined, base: Store | undefined): Store {
  const nodes = new Map<string, Node>()
  for (const item of list) {
    const node = readNode(item, schema)
    const { key } = node.entity.uid
    if (nodes.has(key) || base?.find(key) !== undefined) throw refused(node, 'is given twice')
    if (base?.isMissingParent(key))
      throw refused(node, 'is named as a parent by entities of the store, so it must be there')
    nodes.set(key, node)
  }
  closeAncestors(nodes, base)
  return makeStore(nodes, schema, base)
}

interface Store extends Entities {
  isMissingParent(key: string): boolean
}

function makeStore(nodes: ReadonlyMap<string, Node>, schema: Schema | undefined, base: Store | undefined): Store {
  const missing = new Set<string>()
  for (const { parents } of nodes.values()) {
    for (const { key } of parents) if (!nodes.has(key) && base?.find(key) === undefined) missing.add(key)
  }
  const store: Store = {
    size: nodes.size + (base?.size ?? 0),
    find: (key) => nodes.get(key)?.entity ?? base?.find(key),
    with: (list) => buildStore(list, schema, store),
    isMissingParent: (key) => missing.has(key) || base?.isMissingParent(key) === true,
  }
  return store
}

/** An entity while its ancestors are being worked out. */
interface Node {
  readonly entity: Entity
  readonly ancestors: Set<string>
  readonly parents: readonly EntityUid[]
  state: 'new' | 'open' | 'closed'
}

/** Depth first with a stack of our own: a chain of parents may be longer than the call stack is deep. */
function closeAncestors(nodes: ReadonlyMap<string, Node>, base: Store | undefined): void {
  let total = 0
  for (const start of nodes.values()) {
    const stack = [start]
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      if (node.state === 'new') {
        node.state = 'open'
        for (const parent of node.parents) {
          const above = nodes.get(parent.key)
          if (above?.state === 'open') throw refused(above, 'is its own ancestor')
          if (above?.state === 'new') stack.push(above)
        }
        continue
      }
      stack.pop()
      if (node.state === 'closed') continue
      node.state = 'closed'
      for (const { key } of node.parents) {
        node.ancestors.add(key)
        for (const further of (nodes.get(key)?.entity ?? base?.find(key))?.ancestors ?? []) node.ancestors.add(further)
      }
      total += node.ancestors.size
      if (total > MAX_ANCESTORS) {
        throw plainError('too_complex', 'entities', `the hierarchy has more than ${MAX_ANCESTORS} ancestors in all`)
      }
    }
  }
}

function readNode(json: unknown, schema: Schema | undefined): Node {
  let name = 'an entity'
  try {
    if (typeof json !== 'object' || json === null) throw new JsonProblem([], 'an entity is an object')
    const { uid: uidJson, attrs = {}, parents = [], tags = {}, ...rest } = json as Record<string, unknown>
    const uid = schema === undefined ? readUid(uidJson, ['uid']) : readDeclaredUid(uidJson, schema, ['uid'])
    name = describeUid(uid)
    const [extra] = Object.keys(rest)
    if (extra !== undefined) throw new JsonProblem([extra], 'is not a part of an entity')
    if (!Array.isArray(parents)) throw new JsonProblem(['parents'], 'must be a list')
    const parts = { attrs, tags, parents }
    const read = schema === undefined ? readPlain(parts) : readDeclared(uid, parts, schema)
    const ancestors = new Set<string>()
    return {
      entity: { uid, attributes: read.attributes, tags: read.tags, ancestors },
      ancestors,
      parents: read.parents,
      state: 'new',
    }
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error
    const at = error.path.length > 0 ? ` at ${error.path.join('.')}` : ''
    throw plainError('entities', 'entities', `${name}${at}: ${error.message}`)
  }
}

interface PartsJson {
  readonly attrs: unknown
  readonly tags: unknown
  readonly parents: readonly unknown[]
}

type Parts = Pick<Node, 'parents'> & Pick<Entity, 'attributes' | 'tags'>

function readPlain({ attrs, tags, parents }: PartsJson): Parts {
  return {
    attributes: readFields(attrs, ['attrs']),
    tags: readFields(tags, ['tags']),
    parents: parents.map((parent) => readUid(parent, ['parents'])),
  }
}

function readDeclared(uid: EntityUid, { attrs, tags, parents }: PartsJson, schema: Schema): Parts {
  const type = schema.entityTypes.get(uid.type)
  // An action; what the schema says of it counts (see findEntity), so there is nothing to take from here.
  if (type === undefined) return { attributes: new Map(), tags: new Map(), parents: [] }
  return {
    attributes: readTypedFields(attrs, type.attributes, schema, ['attrs']),
    tags: readTags(tags, type.tags, schema),
    parents: parents.map((parent) => {
      const above = readDeclaredUid(parent, schema, ['parents'])
      if (!type.parentTypes.has(above.type)) throw new JsonProblem(['parents'], `must not be of type ${above.type}`)
      return above
    }),
  }
}

function readTags(json: unknown, type: ValueType | undefined, schema: Schema): ReadonlyMap<string, Value> {
  const entries = typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.entries(json) : undefined
  if (entries === undefined) throw new JsonProblem(['tags'], 'must be an object')
  return new Map(
    entries.map(([name, value]) => {
      if (type === undefined) throw new JsonProblem(['tags'], 'the schema declares no tags for this type')
      return [name, readTyped(value, type, schema, ['tags', name])]
    }),
  )
}

function parseList(text: string): readonly unknown[] {
  let json: unknown
  try {
    json = parseJson(text)
  } catch (error) {
    const reason = error instanceof RangeError ? 'nested too deeply' : 'not JSON'
    throw plainError('entities', 'entities', reason)
  }
  if (!Array.isArray(json)) throw plainError('entities', 'entities', 'entities are a list of objects')
  return json
}

function refused(node: Node, problem: string): Error {
  return plainError('entities', 'entities', `${describeUid(node.entity.uid)} ${problem}`)
}

function describeUid(uid: EntityUid): string {
  return `${uid.type}::${JSON.stringify(uid.id)}`
}
