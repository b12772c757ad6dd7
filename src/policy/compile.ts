/** From Cedar text to a policy set that decides: parsed and validated by Cedar, then compiled and indexed by us. */
import { type PolicyComplaint, schemaToJson, validatePolicies } from './cedar.ts'
import { asBoolean, type Environment } from './code.ts'
import type { Schema } from './declarations.ts'
import { type Entities, NO_ENTITIES } from './entities.ts'
import { PolicyError, type PolicyIssue } from './errors.ts'
import { compileExpression, TooDeep } from './expressions.ts'
import { createFinder, type Finder } from './finder.ts'
import { compileAll, compileNot } from './logic.ts'
import {
  checkSize,
  issueAt,
  type ParsedPolicy,
  type Place,
  type Policy,
  type PolicySource,
  parsePolicies,
  withinStack,
} from './parse.ts'
import { readSchema } from './schema.ts'
import { compileScope, type Handle } from './scope.ts'
import { positionsIn } from './source.ts'

export interface PolicySet {
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
 * Compiles policies; with a schema (in Cedar's syntax, or in JSON when its name ends in `.json`) they are validated
 * strictly first. All that is wrong is reported at once, one stage at a time.
 *
 * @throws PolicyError 'syntax', 'invalid', 'duplicate' or 'too_complex'
 */
export function compilePolicies(input: {
  readonly policies: readonly PolicySource[]
  readonly schema?: PolicySource | undefined
}): PolicySet {
  checkSize(input.schema === undefined ? input.policies : [...input.policies, input.schema])
  const parsed = parsePolicies(input.policies)
  const declared = input.schema === undefined ? UNDECLARED : validate(parsed, input.schema)
  return {
    policies: parsed.map(({ policy }) => policy),
    ...declared,
    finder: createFinder(parsed.map(compilePolicy)),
  }
}

type Declared = Pick<PolicySet, 'warnings' | 'schema' | 'actions'>

const UNDECLARED: Declared = { warnings: [], schema: undefined, actions: NO_ENTITIES }

function validate(parsed: readonly ParsedPolicy[], { name, text }: PolicySource): Declared {
  const schemaPlace: Place = { file: name, statement: { text, start: 0 }, at: positionsIn(text) }
  const places = new Map(parsed.map(({ policy, place }) => [policy.id, place]))
  const texts = Object.fromEntries(parsed.map(({ policy, place }) => [policy.id, place.statement.text]))
  const toIssue = ({ policyId, ...complaint }: PolicyComplaint) =>
    issueAt(places.get(policyId) ?? schemaPlace, policyId, complaint)

  const schema = name.endsWith('.json') ? parseJsonSchema(schemaPlace) : text
  const answer = withinStack(schemaPlace, '', () => validatePolicies(texts, schema))
  if (!answer.ok) {
    throw new PolicyError(
      'syntax',
      answer.complaints.map((complaint) => issueAt(schemaPlace, '', complaint)),
    )
  }
  const { errors, warnings } = answer.value
  if (errors.length > 0) throw new PolicyError('invalid', errors.map(toIssue).sort(byPlace))
  return {
    warnings: warnings.map(toIssue).sort(byPlace),
    ...readSchema(withinStack(schemaPlace, '', () => schemaToJson(schema))),
  }
}

function parseJsonSchema(place: Place): Parameters<typeof schemaToJson>[0] {
  try {
    return JSON.parse(place.statement.text)
  } catch (error) {
    const message = error instanceof Error ? error.message : 'not JSON'
    throw new PolicyError('syntax', [issueAt(place, '', { message })])
  }
}

function compilePolicy({ policy, json, exact, place }: ParsedPolicy, order: number): CompiledPolicy {
  const { test, handles } = compileScope(json)
  const { run: holds } = withinDepth(place, policy.id, () =>
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

function withinDepth<T>(place: Place, policy: string, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
    throw new PolicyError('too_complex', [issueAt(place, policy, error)])
  }
}

function byPlace(a: PolicyIssue, b: PolicyIssue): number {
  return a.file.localeCompare(b.file, 'en') || a.line - b.line || a.column - b.column
}
