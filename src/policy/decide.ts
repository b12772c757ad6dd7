/** The decision on one request, as Cedar's authoriser takes it: a forbid overrides, a policy in error is skipped. */
import type { Environment } from './code.ts'
import type { CompiledPolicy, PolicySet } from './compile.ts'
import { readTypedFields } from './conform.ts'
import type { Schema } from './declarations.ts'
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
  readonly errors: readonly PolicyFailure[]
}

export interface PolicyFailure {
  readonly policy: string
  readonly effect: 'permit' | 'forbid'
  readonly message: string
}

/**
 * Decides a request. A policy whose evaluation fails is skipped and reported in `errors`, as Cedar does; to fail closed,
 * refuse when one of them is a `forbid`.
 *
 * @throws PolicyError 'request' when principal, action, resource or context are not Cedar values, or when the set has a
 *   schema and they do not conform to it
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
      .map(({ policy: { id, effect }, message }) => ({ policy: id, effect, message })),
  }
}

function readRequest(set: PolicySet, request: PolicyRequest, entities: Entities): Environment {
  const { schema } = set
  try {
    const principal = readUid(request.principal, ['principal'])
    const action = readUid(request.action, ['action'])
    const resource = readUid(request.resource, ['resource'])
    const fields =
      schema === undefined
        ? readFields(request.context, ['context'])
        : readDeclaredContext(schema, { principal, action, resource }, request.context)
    const context = { kind: 'record', fields } as const
    return { principal, action, resource, context, entities, actions: set.actions }
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error
    throw plainError('request', 'request', `${error.path.join('.')}: ${error.message}`)
  }
}

/** The context, after a look whether the schema has the action apply to this principal and this resource. */
function readDeclaredContext(
  schema: Schema,
  uids: Pick<Environment, 'principal' | 'action' | 'resource'>,
  context: unknown,
): ReadonlyMap<string, Value> {
  const action = schema.actionTypes.get(uids.action.key)
  if (action === undefined) throw new JsonProblem(['action'], 'is not declared in the schema')
  checkRole('principal', uids.principal, action.principalTypes, schema)
  checkRole('resource', uids.resource, action.resourceTypes, schema)
  return readTypedFields(context, action.context, schema, ['context'])
}

function checkRole(role: string, uid: EntityUid, types: ReadonlySet<string>, schema: Schema): void {
  if (!types.has(uid.type)) throw new JsonProblem([role], `the action does not apply to the type ${uid.type}`)
  if (schema.entityTypes.get(uid.type)?.ids?.has(uid.id) === false) {
    throw new JsonProblem([role], `is not one of the entities of type ${uid.type}`)
  }
}
