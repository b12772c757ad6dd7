/** Runs the cases of policy tests, and says which policies none of them exercised. */
import { ConfigError } from '#config'
import type { PolicySet } from './compile.ts'
import type { PolicyDecision } from './decide.ts'
import { PolicyError } from './errors.ts'
import { decideClosed } from './fail-closed.ts'
import type { Policy } from './parse.ts'
import type { SuiteCase } from './suite.ts'

export interface CaseResult {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly expected: Pick<SuiteCase, 'expect' | 'by' | 'errors'>
  readonly decided: PolicyDecision
  /** what differs, in words; none when the case passes */
  readonly failures: readonly string[]
}

export interface Coverage {
  readonly policies: number
  /** in their order; a policy is exercised when it decides a case, or is expected to fail in one */
  readonly unexercised: readonly Pick<Policy, 'id' | 'file' | 'line'>[]
  /** 0 to 1; 1 when there are no policies */
  readonly ratio: number
}

export interface SuiteReport {
  readonly results: readonly CaseResult[]
  readonly coverage: Coverage
}

/** Somebody else's opinion on a case: what differs from ours, in words. */
export type SecondOpinion = (test: SuiteCase, decided: PolicyDecision) => readonly string[]

/**
 * Runs every case. The decision is the one that the gateway would take: a prohibition that cannot be evaluated denies.
 *
 * @param compare another evaluator to ask, such as Cedar itself (see oracle.ts)
 * @throws ConfigError 'invalid', at the line of the first case whose question the schema does not know
 */
export function runSuite(set: PolicySet, cases: readonly SuiteCase[], compare?: SecondOpinion): SuiteReport {
  const results = cases.map((test) => {
    const decided = decideCase(set, test)
    const failures = [...differences(test, decided), ...(compare?.(test, decided) ?? [])]
    const { name, file, line, expect, by, errors } = test
    return { name, file, line, expected: { expect, by, errors }, decided, failures }
  })
  return { results, coverage: coverageOf(set, results) }
}

function decideCase(set: PolicySet, { request, entities, file, line, name }: SuiteCase): PolicyDecision {
  try {
    return decideClosed(set, request, entities)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const message = `${name}: ${error.issues.map((issue) => issue.message).join('; ')}`
    throw new ConfigError('invalid', file, [{ path: '', line, column: 1, message }])
  }
}

function differences(
  { expect, by, errors }: SuiteCase,
  { decision, reasons, errors: failed }: PolicyDecision,
): string[] {
  const found: string[] = []
  const decidedBy = reasons.length === 0 ? 'no policy' : reasons.join(', ')
  if (decision !== expect) found.push(`expected ${expect}, got ${decision} by ${decidedBy}`)
  else if (by !== undefined && !isSameSet(by, reasons))
    found.push(`expected ${expect} by ${by.join(', ') || 'no policy'}, got it by ${decidedBy}`)
  const unexpected = failed.filter(({ policy }) => !errors.includes(policy))
  for (const { policy, message } of unexpected) found.push(`${policy} cannot be evaluated: ${message}`)
  for (const id of errors) {
    if (!failed.some(({ policy }) => policy === id)) found.push(`expected ${id} to fail, and it was evaluated`)
  }
  return found
}

function coverageOf(set: PolicySet, results: readonly CaseResult[]): Coverage {
  const exercised = new Set(results.flatMap(({ decided, expected }) => [...decided.reasons, ...expected.errors]))
  const unexercised = set.policies
    .filter(({ id }) => !exercised.has(id))
    .map(({ id, file, line }) => ({ id, file, line }))
  const policies = set.policies.length
  return { policies, unexercised, ratio: policies === 0 ? 1 : 1 - unexercised.length / policies }
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return new Set(a).size === new Set(b).size && a.every((item) => b.includes(item))
}
