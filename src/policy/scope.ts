/**
 * The scope of a policy, `(principal in Group::"g", action == Action::"a", resource is Model)`: compiled to a test, and
 * to the names that a request must show for the test to pass, by which policies are found (see finder.ts).
 */
import type { Environment } from './code.ts'
import type { PolicyJson, ScopeJson } from './est.ts'
import { isWithin, isWithinAny } from './hierarchy.ts'
import { readUid } from './json.ts'
import { makeSet } from './values.ts'

export type Role = 'principal' | 'action' | 'resource'

/** The request passes only if its entity in this role is within one of the keys, or has one of the types. */
export interface Handle {
  readonly role: Role
  readonly by: 'entity' | 'type'
  readonly names: readonly string[]
}

export type Test = (environment: Environment) => boolean

export interface Scope {
  readonly test: Test
  readonly handles: readonly Handle[]
}

const ROLES = ['principal', 'action', 'resource'] as const

export function compileScope(policy: PolicyJson): Scope {
  const parts = ROLES.map((role) => compileRole(role, policy[role])).filter((part) => part !== undefined)
  const tests = parts.map(({ test }) => test)
  return { test: (environment) => tests.every((test) => test(environment)), handles: parts.flatMap((p) => p.handles) }
}

/** Undefined for a role that is not constrained. */
function compileRole(role: Role, scope: ScopeJson): Scope | undefined {
  if (scope.op === 'All') return undefined
  if (scope.op === 'is')
    return isType(role, scope.entity_type, scope.in && compileRole(role, { op: 'in', ...scope.in }))
  if ('entities' in scope) return withinAny(role, scope.entities)
  const { key } = readUid(scope.entity, [])
  const handles: Handle[] = [{ role, by: 'entity', names: [key] }]
  if (scope.op === '==') return { test: (environment) => environment[role].key === key, handles }
  return { test: (environment) => isWithin(environment, environment[role], key), handles }
}

function isType(role: Role, type: string, within: Scope | undefined): Scope {
  const is: Test = (environment) => environment[role].type === type
  return {
    test: within === undefined ? is : (environment) => is(environment) && within.test(environment),
    handles: [{ role, by: 'type', names: [type] }, ...(within?.handles ?? [])],
  }
}

function withinAny(role: Role, entities: readonly unknown[]): Scope {
  const set = makeSet(entities.map((entity) => readUid(entity, [])))
  return {
    test: (environment) => isWithinAny(environment, environment[role], set),
    handles: [{ role, by: 'entity', names: [...set.composites.keys()] }],
  }
}
