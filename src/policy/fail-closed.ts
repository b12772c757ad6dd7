/** Cedar skips a policy that it cannot evaluate; here a prohibition that could not be evaluated still prohibits. */

import type { PolicySet } from './compile.ts'
import { decide, type PolicyDecision, type PolicyRequest } from './decide.ts'
import type { Entities } from './entities.ts'

/**
 * As `decide`, failing closed: with a `forbid` among the errors the decision is `deny`, and the reasons are then the
 * prohibitions that hold, if any.
 *
 * @throws PolicyError 'request' as `decide`
 */
export function decideClosed(set: PolicySet, request: PolicyRequest, entities: Entities): PolicyDecision {
  const decided = decide(set, request, entities)
  const isBroken = decided.errors.some(({ effect }) => effect === 'forbid')
  if (!isBroken || decided.decision === 'deny') return decided
  return { decision: 'deny', reasons: [], errors: decided.errors }
}
