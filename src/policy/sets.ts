/** Set literals and the questions that can be asked of a set. */
import { type Code, fold } from './code.ts'
import { type CedarSet, intersects, isSubset, makeSet, setHas, setSize, type Value, wrongType } from './values.ts'

export function compileSet(items: readonly Code[]): Code {
  const runs = items.map(({ run }) => run)
  return fold(items, (environment) => makeSet(runs.map((run) => run(environment))))
}

export function compileContains(set: Code, item: Code): Code {
  return fold([set, item], (environment) => setHas(asSet(set.run(environment)), item.run(environment)))
}

export function compileContainsAll(set: Code, items: Code): Code {
  return fold([set, items], (environment) => {
    const larger = asSet(set.run(environment))
    return isSubset(asSet(items.run(environment)), larger)
  })
}

export function compileContainsAny(set: Code, items: Code): Code {
  return fold([set, items], (environment) => intersects(asSet(set.run(environment)), asSet(items.run(environment))))
}

export function compileIsEmpty(set: Code): Code {
  return fold([set], (environment) => setSize(asSet(set.run(environment))) === 0)
}

function asSet(value: Value): CedarSet {
  if (typeof value !== 'object' || value.kind !== 'set') throw wrongType('set', value)
  return value
}
