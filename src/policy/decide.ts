/** The decision on one request, as Cedar's authoriser takes it: a forbid overrides, a policy in error is skipped. */
import type { Environment } from './code.ts'
import type { CompiledPolicy, PolicySet } from './compile.ts'
import type { Entities } from './entities.ts'
import { EvaluationFailure, plainError } from './errors.ts'
import { type CedarJson, type EntityUidJson, JsonProblem, readFields, readUid } from './json.ts'
import type { EntityUid, Value } from './values.ts'

export interface PolicyRequest {
  readonly principal: EntityUidJson
  readonly action: EntityUidJson
  readonly resource: EntityUidJson
  /** Cedar JSON. Its escapes are honoured, so build it from known values and never pass a client's JSON through. */
  readonly context: { readonly [name: string]: CedarJson }
}

export interface PolicyDecision {
  readonly decision: 'allow' | 'deny'
  /** ids of the policies that decided, in their order; none when nothing permits */
  readonly reasons: readonly string[]
  /** policies that could not be evaluated and did not take part, in their order */
  readonly errors: readonly { readonly policy: string; readonly message: string }[]
}

/**
 * Decides a request. A policy whose evaluation fails is skipped and reported in `errors`, as Cedar does: who guards with
 * a `forbid` should refuse when `errors` names one.
 *
 * @throws PolicyError 'request' when principal, action, resource or context are not Cedar values
 */
export function decide(set: PolicySet, request: PolicyRequest, entities: Entities): PolicyDecision {
  const environment = readRequest(set, request, entities)
  const permits: CompiledPolicy[] = []
  const forbids: CompiledPolicy[] = []
  const failures: { policy: CompiledPolicy; message: string }[] = []
  for (const policy of set.finder.candidates(environment)) {
    try {
      if (policy.matches(environment)) (policy.effect === 'permit' ? permits : forbids).push(policy)
    } catch (error) {
      if (!(error instanceof EvaluationFailure)) throw error
      failures.push({ policy, message: error.message })
    }
  }
  const reasons = forbids.length > 0 ? forbids : permits
  return {
    decision: forbids.length === 0 && permits.length > 0 ? 'allow' : 'deny',
    reasons: reasons.sort((a, b) => a.order - b.order).map(({ id }) => id),
    errors: failures
      .sort((a, b) => a.policy.order - b.policy.order)
      .map(({ policy, message }) => ({ policy: policy.id, message })),
  }
}

function readRequest(set: PolicySet, request: PolicyRequest, entities: Entities): Environment {
  return {
    principal: readRole(request, 'principal'),
    action: readRole(request, 'action'),
    resource: readRole(request, 'resource'),
    context: { kind: 'record', fields: readContext(request.context) },
    entities,
    actions: set.actions,
  }
}

function readRole(request: PolicyRequest, role: 'principal' | 'action' | 'resource'): EntityUid {
  try {
    return readUid(request[role], [])
  } catch (error) {
    throw refused(role, error)
  }
}

function readContext(context: PolicyRequest['context']): ReadonlyMap<string, Value> {
  try {
    if (typeof context !== 'object' || context === null) throw new JsonProblem([], 'must be an object')
    return readFields(context, [])
  } catch (error) {
    throw refused('context', error)
  }
}

function refused(part: string, error: unknown): unknown {
  if (!(error instanceof JsonProblem)) return error
  return plainError('request', 'request', `${[part, ...error.path].join('.')}: ${error.message}`)
}
