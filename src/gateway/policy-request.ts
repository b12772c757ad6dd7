// How a caller and a model look to Cedar (policies/holdfast.cedarschema), and the two questions asked of it.
import type { Principal } from '#identity'
import { contextMayHave, type Entities, type EntityJson, type PolicySet } from '#policy'
import { type DigestedBasis, digestBasis } from './basis.ts'
import { type DataClasses, noData } from './data-classes.ts'
import type { Exchange } from './exchange.ts'
import type { House } from './house.ts'
import { actionUid, judge, type LoggedQuestion, loggedQuestion, type PolicyQuestion } from './question.ts'
import { tokenEntity, tokenType } from './token-entity.ts'

export interface PolicyAnswer {
  readonly isAllowed: boolean
  /** The policy that decided, for the log. */
  readonly rule: string
  /** Question and answer as the log holds them. */
  readonly logged: LoggedQuestion
}

/** May this caller use this operation? */
export function mayCall(house: House, principal: Principal, operation: string): PolicyAnswer {
  return remembered(house, principal, `call ${operation}`, () => ({ action: 'call', operation }))
}

/**
 * May this caller use this model, at this upstream, for data of these classes?
 *
 * Asked without them first, before the texts are inspected: what is permitted for a request with something in it has to
 * be permitted for one with nothing in it too.
 */
export function mayInfer(
  house: House,
  principal: Principal,
  asked: Exchange['asked'],
  model: string,
  upstream: string,
  classes: DataClasses = noData,
): PolicyAnswer {
  const stream = asked?.stream ?? false
  const tools = (asked?.tools.length ?? 0) > 0
  const { data, masked } = declaresDataClasses(house) ? classes : noData
  const name = `infer ${stream} ${tools} ${data}/${masked} ${upstream} ${model}`
  return remembered(house, principal, name, () => {
    const context = { stream, tools, ...(declaresDataClasses(house) && { data, masked }) }
    return { action: 'infer', model, upstream, context }
  })
}

/** What the answers about this caller rest on. */
export function basisOf(house: House, principal: Principal): DigestedBasis {
  return callerOf(house, principal).basis
}

/** A schema from before there were data classes has no place for them, and then no policy can ask for them. */
function declaresDataClasses({ policy }: House): boolean {
  let declares = declaring.get(policy)
  if (declares === undefined) {
    const infer = actionUid('infer')
    declares = contextMayHave(policy, infer, 'data') && contextMayHave(policy, infer, 'masked')
    declaring.set(policy, declares)
  }
  return declares
}

const declaring = new WeakMap<House['policy'], boolean>()

/** What is known of a caller, who comes again with every request as the same object until its key changes. */
interface Caller {
  readonly policy: House['policy']
  /** The configured entities and, above them, this caller: Key or Token in Principal in Tenant. */
  readonly entities: Entities
  readonly basis: DigestedBasis
  readonly answers: Map<string, PolicyAnswer>
}

const callers = new WeakMap<Principal, Caller>()
const maxAnswers = 256

/** Policies see nothing but the caller and what `name` says, so the same question has the same answer. */
function remembered(house: House, principal: Principal, name: string, ask: () => PolicyQuestion): PolicyAnswer {
  const caller = callerOf(house, principal)
  const known = caller.answers.get(name)
  if (known !== undefined) return known
  const question = ask()
  const judgement = judge(house.policy, question, uidOf(principal), caller.entities)
  const { isAllowed, rule } = judgement
  const answer = { isAllowed, rule, logged: loggedQuestion(question, judgement) }
  if (caller.answers.size >= maxAnswers) caller.answers.clear()
  caller.answers.set(name, answer)
  return answer
}

/** A caller as Cedar sees it: Key or Token in Principal in Tenant. */
export function callerEntities(policies: PolicySet, principal: Principal): readonly EntityJson[] {
  const owner = { type: 'Holdfast::Principal', id: principal.id }
  const tenant = { type: 'Holdfast::Tenant', id: principal.tenant }
  return [
    principal.kind === 'jwt' ? tokenEntity(policies, principal, owner) : keyEntity(principal, owner),
    { uid: owner, attrs: {}, parents: [tenant] },
    { uid: tenant, attrs: {}, parents: [] },
  ]
}

export function uidOf(principal: Principal): { type: string; id: string } {
  return principal.kind === 'jwt'
    ? { type: tokenType, id: principal.id }
    : { type: 'Holdfast::Key', id: principal.keyId }
}

function keyEntity(principal: Principal, owner: EntityJson['uid']): EntityJson {
  const { name, scopes } = principal
  return { uid: uidOf(principal), attrs: { name, scopes }, parents: [owner] }
}

function callerOf(house: House, principal: Principal): Caller {
  const found = callers.get(principal)
  if (found?.policy === house.policy) return found
  const entities = callerEntities(house.policy, principal)
  const { configuration, recordClaims } = house.settings
  const basis = { policies: house.policy.digest, configuration, principal: uidOf(principal), entities }
  const caller = {
    policy: house.policy,
    entities: house.entities.with(entities),
    basis: digestBasis(basis, principal.tenant, recordClaims),
    answers: new Map(),
  }
  callers.set(principal, caller)
  return caller
}
