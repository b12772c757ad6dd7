/**
 * Entities and their hierarchy (Cedar policy language, "Entities"): read from Cedar's JSON form, with the ancestors of
 * each entity worked out once, so that `in` is one look-up. The few entities of one request are laid over a store that
 * stays as it is: `entities.with([...])` costs what those few cost.
 */
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
 * Entities from Cedar's JSON form, as text (integers beyond 2^53 stay exact) or already parsed.
 *
 * @throws PolicyError 'entities' for anything that is not Cedar JSON, an entity given twice, or a circle of parents;
 *   'too_complex' when the hierarchy has more than 5 million ancestors in all
 */
export function createEntities(json: string | readonly EntityJson[]): Entities {
  return buildStore(typeof json === 'string' ? parseList(json) : json, undefined)
}

/** No entities at all. */
export const NO_ENTITIES: Entities = createEntities([])

function buildStore(list: readonly unknown[], base: Store | undefined): Store {
  const nodes = new Map<string, Node>()
  for (const item of list) {
    const node = readNode(item)
    const { key } = node.entity.uid
    if (nodes.has(key) || base?.find(key) !== undefined) throw refused(node, 'is given twice')
    if (base?.isMissingParent(key))
      throw refused(node, 'is named as a parent by entities of the store, so it must be there')
    nodes.set(key, node)
  }
  closeAncestors(nodes, base)
  return makeStore(nodes, base)
}

interface Store extends Entities {
  isMissingParent(key: string): boolean
}

function makeStore(nodes: ReadonlyMap<string, Node>, base: Store | undefined): Store {
  const missing = new Set<string>()
  for (const { parents } of nodes.values()) {
    for (const { key } of parents) if (!nodes.has(key) && base?.find(key) === undefined) missing.add(key)
  }
  const store: Store = {
    size: nodes.size + (base?.size ?? 0),
    find: (key) => nodes.get(key)?.entity ?? base?.find(key),
    with: (list) => buildStore(list, store),
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

function readNode(json: unknown): Node {
  const path: string[] = []
  let name = 'an entity'
  try {
    if (typeof json !== 'object' || json === null) throw new JsonProblem(path, 'an entity is an object')
    const { uid: uidJson, attrs, parents, tags, ...rest } = json as Record<string, unknown>
    const uid = readUid(uidJson, ['uid'])
    name = describeUid(uid)
    const [extra] = Object.keys(rest)
    if (extra !== undefined) throw new JsonProblem([extra], 'is not a part of an entity')
    const ancestors = new Set<string>()
    const attributes = readPart(attrs, 'attrs')
    return {
      entity: { uid, attributes, tags: readPart(tags, 'tags'), ancestors },
      ancestors,
      parents: readParents(parents),
      state: 'new',
    }
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error
    const at = error.path.length > 0 ? ` at ${error.path.join('.')}` : ''
    throw plainError('entities', 'entities', `${name}${at}: ${error.message}`)
  }
}

function readPart(json: unknown, name: string): ReadonlyMap<string, Value> {
  if (json === undefined) return NOTHING
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new JsonProblem([name], 'must be an object')
  return readFields(json, [name])
}

const NOTHING: ReadonlyMap<string, Value> = new Map()

function readParents(json: unknown): readonly EntityUid[] {
  if (json === undefined) return []
  if (!Array.isArray(json)) throw new JsonProblem(['parents'], 'must be a list')
  return json.map((parent) => readUid(parent, ['parents']))
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
