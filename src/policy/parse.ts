/**
 * The first half of compiling: policies cut out of their files, each parsed by Cedar, with its id and its place, so that
 * whatever is wrong can be shown where it is.
 */
import { CedarOverflow, type Complaint, type Parsed, parsePolicy } from './cedar.ts'
import { PolicyError, type PolicyIssue, plainError } from './errors.ts'
import type { PolicyJson } from './est.ts'
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
  /** as it stands in the file, annotations included */
  readonly text: string
}

/** A policy between parsing and compiling, in plain JSON. */
export interface ParsedPolicy {
  readonly policy: Policy
  /** where the policy begins in its line, from 1 */
  readonly column: number
  readonly json: PolicyJson
  /** the digits of integers that JSON would have rounded, by the number that stands for them in `json` */
  readonly largeIntegers: readonly (readonly [standIn: number, digits: string])[]
}

export interface PlacedPolicy {
  readonly parsed: ParsedPolicy
  readonly place: Place
}

/** Where a piece of text is from. */
export interface Place {
  readonly file: string
  readonly statement: Statement
  at(offset: number): Position
}

const MAX_POLICIES = 10_000
const MAX_TEXT = 16 * 1024 * 1024

/**
 * The policies of all files, in order. All that is wrong is reported at once, one stage at a time.
 *
 * @throws PolicyError 'syntax', 'duplicate' or 'too_complex'
 */
export function parsePolicies(sources: readonly PolicySource[]): PlacedPolicy[] {
  const policies = parseSources(sources)
  checkUnique(policies)
  return policies
}

/** @throws PolicyError 'too_complex' when the texts are more than we are willing to read */
export function checkSize(sources: readonly PolicySource[]): void {
  const size = sources.reduce((sum, { text }) => sum + text.length, 0)
  if (size > MAX_TEXT) throw plainError('too_complex', 'policies', `more than ${MAX_TEXT} characters in all`)
}

function parseSources(sources: readonly PolicySource[]): PlacedPolicy[] {
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

function parseOne(place: Place, number: number, issues: PolicyIssue[]): PlacedPolicy[] {
  const name = `${place.file.replace(/\.cedar$/, '')}#${number}`
  const answer = withinStack(place, name, () => parseExactly(place.statement.text))
  if (!answer.ok) {
    issues.push(...answer.complaints.map((complaint) => issueAt(place, name, complaint)))
    return []
  }
  const { json } = answer.value
  const annotations = Object.fromEntries(
    Object.entries(json.annotations ?? {}).map(([key, value]) => [key, value ?? '']),
  )
  const id = annotations.id ?? name
  if (id === '') {
    issues.push(issueAt(place, name, { message: 'an @id must not be empty' }))
    return []
  }
  const { line, column } = place.at(place.statement.start)
  const policy = { id, effect: json.effect, annotations, file: place.file, line, text: place.statement.text }
  return [{ parsed: { policy, column, ...answer.value }, place }]
}

/** Parses twice when the text has integers that Cedar's JSON form would bring us rounded. */
function parseExactly(text: string): Parsed<Pick<ParsedPolicy, 'json' | 'largeIntegers'>> {
  const answer = parsePolicy(text)
  if (!answer.ok) return answer
  const { text: replaced, exact } = replaceLargeIntegers(text)
  if (exact.size === 0) return { ok: true, value: { json: answer.value, largeIntegers: [] } }
  const again = parsePolicy(replaced)
  if (!again.ok) return again
  const largeIntegers = [...exact].map(([standIn, large]) => [standIn, String(large)] as const)
  return { ok: true, value: { json: again.value, largeIntegers } }
}

function checkUnique(policies: readonly PlacedPolicy[]): void {
  const first = new Map<string, Policy>()
  const issues: PolicyIssue[] = []
  for (const { parsed, place } of policies) {
    const { policy } = parsed
    const other = first.get(policy.id)
    if (other === undefined) first.set(policy.id, policy)
    else issues.push(issueAt(place, policy.id, { message: `the same id as in ${other.file}:${other.line}` }))
  }
  if (issues.length > 0) throw new PolicyError('duplicate', issues)
}

/** Turns Cedar's running out of stack into an error with a place. */
export function withinStack<T>(place: Place, policy: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof CedarOverflow)) throw error
    throw new PolicyError('too_complex', [issueAt(place, policy, { message: 'nested too deeply' })])
  }
}

/** What Cedar says about the text of a place, as an issue of the file. */
export function issueAt(place: Place, policy: string, { message, start }: Complaint): PolicyIssue {
  const { text, start: statementStart } = place.statement
  const offset = statementStart + (start === undefined ? 0 : offsetOfByte(text, start))
  return { file: place.file, ...place.at(offset), policy, message }
}
