/** From Cedar text to a policy set that decides: cut, parsed and validated by Cedar, then compiled and indexed by us. */
import {
  CedarOverflow,
  type Complaint,
  type PolicyComplaint,
  parsePolicy,
  schemaToJson,
  validatePolicies,
} from './cedar.ts'
import { asBoolean, type Environment } from './code.ts'
import type { Schema } from './declarations.ts'
import { type Entities, NO_ENTITIES } from './entities.ts'
import { PolicyError, type PolicyIssue, plainError } from './errors.ts'
import type { PolicyJson } from './est.ts'
import { compileExpression, type ExactLiteral, TooDeep } from './expressions.ts'
import { createFinder, type Finder } from './finder.ts'
import { compileAll, compileNot } from './logic.ts'
import { toLong } from './longs.ts'
import { readSchema } from './schema.ts'
import { compileScope, type Handle } from './scope.ts'
import {
  offsetOfByte,
  type Position,
  positionsIn,
  replaceLargeIntegers,
  type Statement,
  splitStatements,
} from './source.ts'

/** A file's name, as it should appear in messages, and its text. */
export interface PolicySource {
  readonly name: string
  readonly text: string
}

export interface Policy {
  /** the `@id` annotation, or the file's name without `.cedar` and the number of the policy in it: `models#2` */
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  readonly annotations: Readonly<Record<string, string>>
  readonly file: string
  /** from 1 */
  readonly line: number
}

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

const MAX_POLICIES = 10_000
const MAX_TEXT = 16 * 1024 * 1024

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
  checkSize(input.policies)
  const parsed = parseSources(input.policies)
  checkUnique(parsed)
  const declared = input.schema === undefined ? UNDECLARED : validate(parsed, input.schema)
  return {
    policies: parsed.map(({ policy }) => policy),
    ...declared,
    finder: createFinder(parsed.map(compilePolicy)),
  }
}

type Declared = Pick<PolicySet, 'warnings' | 'schema' | 'actions'>

const UNDECLARED: Declared = { warnings: [], schema: undefined, actions: NO_ENTITIES }

/** A policy between parsing and compiling. */
interface ParsedPolicy {
  readonly policy: Policy
  readonly json: PolicyJson
  readonly exact: ExactLiteral
  readonly place: Place
}

interface Place {
  readonly file: string
  readonly statement: Statement
  at(offset: number): Position
}

function checkSize(sources: readonly PolicySource[]): void {
  const size = sources.reduce((sum, { text }) => sum + text.length, 0)
  if (size > MAX_TEXT) throw plainError('too_complex', 'policies', `more than ${MAX_TEXT} characters in all`)
}

function parseSources(sources: readonly PolicySource[]): ParsedPolicy[] {
  const places = sources.flatMap(({ name, text }) => {
    const at = positionsIn(text)
    return splitStatements(text).map((statement, index) => ({ file: name, statement, at, index }))
  })
  if (places.length > MAX_POLICIES) throw plainError('too_complex', 'policies', `more than ${MAX_POLICIES} policies`)
  const issues: PolicyIssue[] = []
  const parsed = places.flatMap((place) => parseOne(place, place.index + 1, issues))
  if (issues.length > 0) throw new PolicyError('syntax', issues)
  return parsed
}

function parseOne(place: Place, number: number, issues: PolicyIssue[]): ParsedPolicy[] {
  const name = `${place.file.replace(/\.cedar$/, '')}#${number}`
  const answer = withinStack(place, name, () => parsePolicy(place.statement.text))
  if (!answer.ok) {
    issues.push(...answer.complaints.map((complaint) => issueAt(place, name, complaint)))
    return []
  }
  const { json, exact } = withExactIntegers(place.statement.text, answer.value)
  const annotations = Object.fromEntries(
    Object.entries(json.annotations ?? {}).map(([key, value]) => [key, value ?? '']),
  )
  const id = annotations.id ?? name
  if (id === '') {
    issues.push(issueAt(place, name, { message: 'an @id must not be empty' }))
    return []
  }
  const { line } = place.at(place.statement.start)
  return [{ policy: { id, effect: json.effect, annotations, file: place.file, line }, json, exact, place }]
}

/** Parses once more when the text has integers that Cedar's JSON form would bring us rounded. */
function withExactIntegers(text: string, json: PolicyJson): { json: PolicyJson; exact: ExactLiteral } {
  const replaced = replaceLargeIntegers(text)
  if (replaced.exact.size === 0) return { json, exact: (literal) => literal }
  const again = parsePolicy(replaced.text)
  if (!again.ok) throw new Error('the policy parses, but not with other integers in it')
  const exact: ExactLiteral = (literal) => {
    const large = replaced.exact.get(Math.abs(literal))
    return large === undefined ? literal : (toLong(literal < 0 ? -large : large) ?? literal)
  }
  return { json: again.value, exact }
}

function checkUnique(parsed: readonly ParsedPolicy[]): void {
  const first = new Map<string, Policy>()
  const issues: PolicyIssue[] = []
  for (const { policy, place } of parsed) {
    const other = first.get(policy.id)
    if (other === undefined) first.set(policy.id, policy)
    else issues.push(issueAt(place, policy.id, { message: `the same id as in ${other.file}:${other.line}` }))
  }
  if (issues.length > 0) throw new PolicyError('duplicate', issues)
}

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

function withinStack<T>(place: Place, policy: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof CedarOverflow)) throw error
    throw new PolicyError('too_complex', [issueAt(place, policy, { message: 'nested too deeply' })])
  }
}

function withinDepth<T>(place: Place, policy: string, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
    throw new PolicyError('too_complex', [issueAt(place, policy, error)])
  }
}

function issueAt(place: Place, policy: string, { message, start }: Complaint): PolicyIssue {
  const { text, start: statementStart } = place.statement
  const offset = statementStart + (start === undefined ? 0 : offsetOfByte(text, start))
  return { file: place.file, ...place.at(offset), policy, message }
}

function byPlace(a: PolicyIssue, b: PolicyIssue): number {
  return a.file.localeCompare(b.file, 'en') || a.line - b.line || a.column - b.column
}
