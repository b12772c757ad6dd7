/** What an expression is compiled to: a closure over its compiled operands. */
import { type Entities, type Entity, NO_ENTITIES } from './entities.ts'
import { EvaluationFailure } from './errors.ts'
import { type CedarRecord, type EntityUid, type Value, wrongType } from './values.ts'

/** What a policy is evaluated against. */
export interface Environment {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context: CedarRecord
  readonly entities: Entities
  /** the actions of the schema, with their groups */
  readonly actions: Entities
}

/** @throws EvaluationFailure */
export type Run = (environment: Environment) => Value

export interface Code {
  readonly run: Run
  /** the value, when it does not depend on the environment */
  readonly constant?: Value
}

export function constant(value: Value): Code {
  return { run: () => value, constant: value }
}

/**
 * Code that is evaluated now when all of its operands are constant, so that `ip("10.0.0.0/8")` is parsed once.
 * A constant that fails fails again at each evaluation, because Cedar reports it then.
 */
export function fold(operands: readonly Code[], run: Run): Code {
  if (operands.some((operand) => operand.constant === undefined)) return { run }
  try {
    return constant(run(NOWHERE))
  } catch (failure) {
    if (!(failure instanceof EvaluationFailure)) throw failure
    return {
      run: () => {
        throw failure
      },
    }
  }
}

export function asBoolean(value: Value): boolean {
  if (typeof value !== 'boolean') throw wrongType('boolean', value)
  return value
}

export function asString(value: Value): string {
  if (typeof value !== 'string') throw wrongType('string', value)
  return value
}

export function asEntity(value: Value): EntityUid {
  if (typeof value !== 'object' || value.kind !== 'entity') throw wrongType('entity', value)
  return value
}

/** The schema's word on actions counts before the store's. */
export function findEntity(environment: Environment, key: string): Entity | undefined {
  return environment.actions.find(key) ?? environment.entities.find(key)
}

/** Constants look at nothing, so an environment for them holds nothing. */
const NOBODY: EntityUid = { kind: 'entity', type: '', id: '', key: '' }
const NOWHERE: Environment = {
  principal: NOBODY,
  action: NOBODY,
  resource: NOBODY,
  context: { kind: 'record', fields: new Map() },
  entities: NO_ENTITIES,
  actions: NO_ENTITIES,
}
