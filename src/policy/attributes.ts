/** Records, and the attributes and tags of records and entities. */
import { asEntity, asString, type Code, type Environment, findEntity, fold } from './code.ts'
import { EvaluationFailure } from './errors.ts'
import { type Value, wrongType } from './values.ts'

export function compileRecord(fields: readonly (readonly [string, Code])[]): Code {
  return fold(
    fields.map(([, code]) => code),
    (environment) => ({
      kind: 'record',
      fields: new Map(fields.map(([name, code]) => [name, code.run(environment)])),
    }),
  )
}

/** `left.name`; a missing attribute and an entity that is not in the store are errors. */
export function compileAttribute(left: Code, name: string): Code {
  const { run } = left
  return foldRecord(left, (environment) => {
    const value = run(environment)
    const attribute = attributesOf(value, environment)?.get(name)
    if (attribute === undefined) throw new EvaluationFailure(`${describe(value)} has no attribute '${name}'`)
    return attribute
  })
}

/** `left has a.b.c`; an entity that is not in the store has no attributes, which is no error. */
export function compileHas(left: Code, names: readonly string[]): Code {
  return foldRecord(left, (environment) => {
    let value = left.run(environment)
    for (const name of names) {
      const attribute = attributesOf(value, environment)?.get(name)
      if (attribute === undefined) return false
      value = attribute
    }
    return true
  })
}

export function compileGetTag(left: Code, name: Code): Code {
  return {
    run: (environment) => {
      const entity = asEntity(left.run(environment))
      const tag = findEntity(environment, entity.key)?.tags.get(asString(name.run(environment)))
      if (tag === undefined) throw new EvaluationFailure(`${describe(entity)} has no such tag`)
      return tag
    },
  }
}

export function compileHasTag(left: Code, name: Code): Code {
  return {
    run: (environment) => {
      const entity = asEntity(left.run(environment))
      const tag = asString(name.run(environment))
      return findEntity(environment, entity.key)?.tags.has(tag) === true
    },
  }
}

/** A constant entity has attributes that are not constant, so only records can be folded. */
function foldRecord(left: Code, run: Code['run']): Code {
  return typeof left.constant === 'object' && left.constant.kind === 'record' ? fold([left], run) : { run }
}

function attributesOf(value: Value, environment: Environment): ReadonlyMap<string, Value> | undefined {
  if (typeof value === 'object') {
    if (value.kind === 'record') return value.fields
    if (value.kind === 'entity') return findEntity(environment, value.key)?.attributes
  }
  throw wrongType('record or entity', value)
}

/** For messages: the type of an entity, but not its id, which may be personal. */
function describe(value: Value): string {
  return typeof value === 'object' && value.kind === 'entity' ? `the entity of type ${value.type}` : 'the record'
}
