/** Cedar itself asked the same question as our evaluator: about thirty times slower, and the reference. */
import { authorise } from './cedar.ts'
import type { PolicySources } from './check.ts'
import type { PolicySet } from './compile.ts'
import type { PolicyDecision } from './decide.ts'
import { decide } from './decide.ts'
import { parsePolicies } from './parse.ts'
import type { SecondOpinion } from './run-suite.ts'

/**
 * Compares our evaluator with Cedar's, case by case. Holds up the calling thread for as long as Cedar takes.
 *
 * @param set compiled from the same `sources`
 * @throws PolicyError as `compilePolicies`
 */
export function createOracle(set: PolicySet, sources: PolicySources): SecondOpinion {
  const policies = Object.fromEntries(
    parsePolicies(sources.policies).map(({ parsed, place }) => [parsed.policy.id, place.statement.text]),
  )
  const schema = sources.schema === undefined ? undefined : schemaOf(sources.schema)
  return ({ request, entities, entitiesJson }) => {
    const ours = decide(set, request, entities)
    const answer = authorise({ ...request, policies, entities: entitiesJson, schema })
    if (!answer.ok) return answer.complaints.map(({ message }) => `Cedar refuses the question: ${message}`)
    return differences(ours, answer.value)
  }
}

function differences(
  ours: PolicyDecision,
  theirs: { decision: string; reasons: readonly string[]; errors: readonly string[] },
): string[] {
  const words = (decision: string, reasons: readonly string[], errors: readonly string[]) =>
    `${decision} by [${reasons.toSorted().join(', ')}], errors in [${errors.toSorted().join(', ')}]`
  const here = words(
    ours.decision,
    ours.reasons,
    ours.errors.map(({ policy }) => policy),
  )
  const there = words(theirs.decision, theirs.reasons, theirs.errors)
  return here === there ? [] : [`Cedar itself says ${there}; our evaluator says ${here}: please report it`]
}

function schemaOf({ name, text }: { name: string; text: string }) {
  return name.endsWith('.json') ? JSON.parse(text) : text
}
