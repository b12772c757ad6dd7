/** `in` and `is`: where an entity stands in the hierarchy, and of which type it is. */
import { asEntity, type Code, type Environment, findEntity, fold } from './code.ts'
import { type CedarSet, type EntityUid, type Value, wrongType } from './values.ts'

/** Whether the entity is the one with this key, or below it. */
export function isWithin(environment: Environment, entity: EntityUid, key: string): boolean {
  return entity.key === key || findEntity(environment, entity.key)?.ancestors.has(key) === true
}

/** Whether the entity is within any of the set, all of whose members must be entities. */
export function isWithinAny(environment: Environment, entity: EntityUid, set: CedarSet): boolean {
  if (set.composites.has(entity.key)) return true
  const ancestors = findEntity(environment, entity.key)?.ancestors
  if (ancestors === undefined) return false
  if (ancestors.size < set.composites.size) {
    for (const key of ancestors) if (set.composites.has(key)) return true
    return false
  }
  for (const key of set.composites.keys()) if (ancestors.has(key)) return true
  return false
}

export function compileIn(left: Code, right: Code): Code {
  const { run } = left
  const { constant } = right
  if (constant !== undefined) {
    const test = membershipOf(constant)
    return { run: (environment) => test(environment, asEntity(run(environment))) }
  }
  return {
    run: (environment) => {
      const entity = asEntity(run(environment))
      return membershipOf(right.run(environment))(environment, entity)
    },
  }
}

export function compileIs(left: Code, type: string, ancestor: Code | undefined): Code {
  const is = fold([left], (environment) => asEntity(left.run(environment)).type === type)
  if (ancestor === undefined) return is
  const within = compileIn(left, ancestor)
  return { run: (environment) => is.run(environment) === true && within.run(environment) }
}

type Membership = (environment: Environment, entity: EntityUid) => boolean

/** What being in this value means; the check of its type waits until it is asked, as Cedar's does. */
function membershipOf(value: Value): Membership {
  if (typeof value === 'object' && value.kind === 'entity') {
    return (environment, entity) => isWithin(environment, entity, value.key)
  }
  if (typeof value === 'object' && value.kind === 'set') {
    const stranger = firstNonEntity(value)
    if (stranger === undefined) return (environment, entity) => isWithinAny(environment, entity, value)
    return () => {
      throw wrongType('entity', stranger)
    }
  }
  return () => {
    throw wrongType('entity or set of entities', value)
  }
}

function firstNonEntity(set: CedarSet): Value | undefined {
  const [primitive] = set.primitives
  return primitive ?? set.composites.values().find((member) => member.kind !== 'entity')
}
