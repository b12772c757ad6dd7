/** From checked policies to a policy set that decides: each compiled to closures, and all of them indexed. */
import { type CheckedPolicies, checkPolicies, type PolicySources } from './check.ts'
import { asBoolean, type Environment } from './code.ts'
import type { Schema } from './declarations.ts'
import { digestOf } from './digest.ts'
import { type Entities, NO_ENTITIES } from './entities.ts'
import { PolicyError, type PolicyIssue } from './errors.ts'
import { compileExpression, type ExactLiteral, TooDeep } from './expressions.ts'
import { createFinder, type Finder } from './finder.ts'
import { compileAll, compileNot } from './logic.ts'
import { toLong } from './longs.ts'
import type { ParsedPolicy, Policy } from './parse.ts'
import { readSchema } from './schema.ts'
import { compileScope, type Handle } from './scope.ts'

export interface PolicySet {
  /** SHA-256, hex, over the names and texts of all files, the schema among them: the same folder has the same digest */
  readonly digest: string
  readonly policies: readonly Policy[]
  /** what Cedar's validator finds odd but not wrong, such as a policy that can never apply */
  readonly warnings: readonly PolicyIssue[]
  /** what entities and requests must conform to, when there is a schema */
  readonly schema: Schema | undefined
  /** the actions of the schema in their groups */
  readonly actions: Entities
  /** the compiled policies, for `decide` */
  readonly finder: Finder<CompiledPolicy>
}

export interface CompiledPolicy {
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  readonly order: number
  readonly handles: readonly Handle[]
  /** Whether scope and conditions hold. @throws EvaluationFailure */
  matches(environment: Environment): boolean
}

/**
 * Checks and compiles policies in the calling thread, which is held up for as long as Cedar takes, without a limit of
 * time, and keeps Cedar in its memory. A program that serves uses `loadPolicies`.
 *
 * @throws PolicyError 'syntax', 'invalid', 'duplicate' or 'too_complex'
 */
export function compilePolicies(sources: PolicySources): PolicySet {
  return compileChecked(checkPolicies(sources), digestOf(sources))
}

/** @throws PolicyError 'too_complex' */
export function compileChecked({ policies, warnings, schema }: CheckedPolicies, digest: string): PolicySet {
  const declared = schema === undefined ? { schema: undefined, actions: NO_ENTITIES } : readSchema(schema)
  return {
    digest,
    policies: policies.map(({ policy }) => policy),
    warnings,
    ...declared,
    finder: createFinder(policies.map(compilePolicy)),
  }
}

function compilePolicy(parsed: ParsedPolicy, order: number): CompiledPolicy {
  const { policy, json } = parsed
  const { test, handles } = compileScope(json)
  const exact = exactLiteral(parsed)
  const { run: holds } = withinDepth(parsed, () =>
    compileAll(
      json.conditions.map(({ kind, body }) => {
        const condition = compileExpression(body, exact)
        return kind === 'when' ? condition : compileNot(condition)
      }),
    ),
  )
  const matches = (environment: Environment) => test(environment) && asBoolean(holds(environment))
  return { id: policy.id, effect: policy.effect, order, handles, matches }
}

function exactLiteral({ largeIntegers }: ParsedPolicy): ExactLiteral {
  if (largeIntegers.length === 0) return (literal) => literal
  const exact = new Map(largeIntegers.map(([standIn, digits]) => [standIn, BigInt(digits)]))
  return (literal) => {
    const large = exact.get(Math.abs(literal))
    return large === undefined ? literal : (toLong(literal < 0 ? -large : large) ?? literal)
  }
}

function withinDepth<T>({ policy: { id, file, line }, column }: ParsedPolicy, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
    throw new PolicyError('too_complex', [{ file, line, column, policy: id, message: error.message }])
  }
}
