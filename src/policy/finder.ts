/**
 * Finds the few policies whose scope could match a request, without looking at the others. Each policy is filed once,
 * under the rarest thing that its scope names; a request brings its entities, everything above them, and their types.
 * Only policies that cannot match are left out, and a scope cannot fail, so no decision, reason or error is lost.
 */
import { type Environment, findEntity } from './code.ts'
import type { Handle, Role } from './scope.ts'

interface Filed {
  readonly handles: readonly Handle[]
}

type Drawer<P> = ReadonlyMap<string, readonly P[]>

export interface Finder<P> {
  /** Every policy that could match, each once, in no particular order. */
  candidates(environment: Environment): readonly P[]
}

const ROLES = ['principal', 'action', 'resource'] as const

export function createFinder<P extends Filed>(policies: readonly P[]): Finder<P> {
  const { drawers, everywhere } = file(policies)
  const used = ROLES.flatMap((role) => {
    const byEntity = drawers.get(`${role} entity`)
    const byType = drawers.get(`${role} type`)
    return byEntity || byType ? [{ role, byEntity, byType }] : []
  })
  // Only a policy filed under several names can be found twice, and only under names above one another.
  const mayRepeat = policies.some((policy) => policy.handles.some((handle) => handle.names.length > 1))

  return {
    candidates: (environment) => {
      const found = [...everywhere]
      for (const { role, byEntity, byType } of used) {
        if (byEntity !== undefined) collectEntity(found, byEntity, environment, role)
        if (byType !== undefined) collect(found, byType.get(environment[role].type))
      }
      return mayRepeat ? [...new Set(found)] : found
    },
  }
}

function collectEntity<P>(found: P[], drawer: Drawer<P>, environment: Environment, role: Role): void {
  const { key } = environment[role]
  collect(found, drawer.get(key))
  const ancestors = findEntity(environment, key)?.ancestors
  if (ancestors === undefined) return
  if (ancestors.size <= drawer.size) {
    for (const ancestor of ancestors) collect(found, drawer.get(ancestor))
  } else {
    for (const [name, policies] of drawer) if (ancestors.has(name)) collect(found, policies)
  }
}

function collect<P>(found: P[], policies: readonly P[] | undefined): void {
  if (policies !== undefined) for (const policy of policies) found.push(policy)
}

function file<P extends Filed>(policies: readonly P[]): { drawers: Map<string, Map<string, P[]>>; everywhere: P[] } {
  const counts = new Map<string, number>()
  for (const { handles } of policies) {
    for (const name of handles.flatMap(namesIn)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const crowd = (handle: Handle) => namesIn(handle).reduce((sum, name) => sum + (counts.get(name) ?? 0), 0)

  const drawers = new Map<string, Map<string, P[]>>()
  const everywhere: P[] = []
  for (const policy of policies) {
    const [rarest] = policy.handles.toSorted((a, b) => crowd(a) - crowd(b))
    if (rarest === undefined) everywhere.push(policy)
    else fileUnder(drawers, rarest, policy)
  }
  return { drawers, everywhere }
}

function fileUnder<P>(drawers: Map<string, Map<string, P[]>>, { role, by, names }: Handle, policy: P): void {
  const drawer = getOrInsert(drawers, `${role} ${by}`, () => new Map<string, P[]>())
  for (const name of names) getOrInsert(drawer, name, (): P[] => []).push(policy)
}

function getOrInsert<V>(map: Map<string, V>, key: string, make: () => V): V {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}

function namesIn({ role, by, names }: Handle): string[] {
  return names.map((name) => `${role} ${by} ${name}`)
}
