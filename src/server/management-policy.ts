// The one question that the management API asks of policy: may this caller read, scan or administer this?
import type { ApiAction, ApiDecision, Resource } from '#api'
import { callerEntities, callerUid } from '#gateway'
import type { Principal } from '#identity'
import { createEntities, decideClosed, PolicyError, type PolicySet } from '#policy'

/**
 * Decides it, failing closed. A folder of policies from before there was this API knows nothing of it: then nobody may
 * do anything, also where a policy permits everybody everything, since whoever wrote that did not mean this.
 */
export function mayManage(
  policies: PolicySet,
  principal: Principal,
  action: ApiAction,
  resource: Resource,
): ApiDecision {
  if (policies.schema === undefined) return unknown
  try {
    const question = {
      principal: callerUid(principal),
      action: { type: 'Holdfast::Action', id: action },
      resource: { type: 'Holdfast::Api', id: resource },
      context: {},
    }
    const entities = createEntities(callerEntities(policies, principal), policies)
    const { decision, reasons, errors } = decideClosed(policies, question, entities)
    const broken = errors.find(({ effect }) => effect === 'forbid')
    const rule = broken === undefined ? (reasons[0] ?? 'no policy permits it') : `${broken.policy} (failed)`
    return { isAllowed: decision === 'allow', rule }
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return unknown
  }
}

const unknown: ApiDecision = {
  isAllowed: false,
  rule: 'the schema of the policies does not know the management API',
}
