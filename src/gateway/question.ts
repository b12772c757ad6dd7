// The questions that the gateway asks of policy, as plain facts: how they look to Cedar, how they are decided, and what
// of them the log holds. Whoever asks them again (see replay) asks them with this code.
import { type CedarJson, decideClosed, type Entities, type EntityUidJson, type PolicySet } from '#policy'

/** May this caller use this operation; may it use this model, at this upstream? */
export type PolicyQuestion =
  | { readonly action: 'call'; readonly operation: string }
  | {
      readonly action: 'infer'
      readonly model: string
      readonly upstream: string
      readonly context: Readonly<Record<string, CedarJson>>
    }

export interface Judgement {
  readonly isAllowed: boolean
  /** The policy that decided, for the log. */
  readonly rule: string
  /** Ids of all policies that decided, in their order; none when nothing permits. */
  readonly reasons: readonly string[]
  /** Ids of the policies that could not be evaluated. */
  readonly failed: readonly string[]
}

/**
 * Decides a question, failing closed: a prohibition that cannot be evaluated still prohibits.
 *
 * @param caller    the entity that asks
 * @param entities  with the caller and what is above it
 * @throws PolicyError `request`, `entities` when the question does not conform to the schema of the policies
 */
export function judge(
  policies: PolicySet,
  question: PolicyQuestion,
  caller: EntityUidJson,
  entities: Entities,
): Judgement {
  const { request, known } =
    question.action === 'call' ? callRequest(question, entities) : inferRequest(question, entities)
  const { decision, reasons, errors } = decideClosed(policies, { principal: caller, ...request }, known)
  const broken = errors.find(({ effect }) => effect === 'forbid')
  return {
    isAllowed: decision === 'allow',
    rule: broken === undefined ? (reasons[0] ?? 'no policy permits it') : `${broken.policy} (failed)`,
    reasons,
    failed: errors.map(({ policy }) => policy),
  }
}

/** The action of a question, as an entity. */
export function actionUid(action: PolicyQuestion['action']): EntityUidJson {
  return { type: 'Holdfast::Action', id: action }
}

/** What a question is about, as an entity. */
export function resourceUid(question: PolicyQuestion): EntityUidJson {
  return question.action === 'call'
    ? { type: 'Holdfast::Operation', id: question.operation }
    : { type: 'Holdfast::Model', id: question.model }
}

function callRequest(question: PolicyQuestion & { action: 'call' }, known: Entities) {
  return { request: { action: actionUid('call'), resource: resourceUid(question), context: {} }, known }
}

function inferRequest(question: PolicyQuestion & { action: 'infer' }, entities: Entities) {
  const { model, upstream, context } = question
  const resource = resourceUid(question)
  const server = { type: 'Holdfast::Upstream', id: upstream }
  const known = entities.with([
    { uid: resource, attrs: { name: model }, parents: [server] },
    { uid: server, attrs: {}, parents: [] },
  ])
  return { request: { action: actionUid('infer'), resource, context }, known }
}

/** A question and its answer as the log holds them: the answer is the name under which the deciding policies stand. */
export type LoggedQuestion = (PolicyQuestion | { readonly action: string; readonly withheld: readonly string[] }) & {
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
  readonly failed?: readonly string[]
}

// So that the largest decision still fits into an entry of the log.
export const maxLoggedQuestions = 8
const maxPolicies = 8
const maxTextLength = 512

/** What the log holds of it. What is longer than any name should be is withheld, and such a question cannot be asked again. */
export function loggedQuestion(question: PolicyQuestion, { isAllowed, reasons, failed }: Judgement): LoggedQuestion {
  const facts =
    JSON.stringify(question).length <= 2 * maxTextLength
      ? question
      : { action: question.action, withheld: ['question'] }
  return {
    ...facts,
    [isAllowed ? 'allow' : 'deny']: loggedPolicies(reasons),
    ...(failed.length === 0 ? {} : { failed: loggedPolicies(failed) }),
  }
}

/** The first of them, as they stand in the log. */
export function loggedPolicies(ids: readonly string[]): string[] {
  return ids.slice(0, maxPolicies).map((id) => (id.length <= 128 ? id : `${id.slice(0, 128)}…`))
}
