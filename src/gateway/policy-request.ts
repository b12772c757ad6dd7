// How a caller and a model look to Cedar (policies/holdfast.cedarschema), and the two questions asked of it.
import type { Principal } from '#identity'
import { decide, type Entities, type PolicyRequest } from '#policy'
import type { Exchange } from './exchange.ts'
import type { House } from './house.ts'

export interface PolicyAnswer {
  readonly isAllowed: boolean
  /** The policy that decided, for the log. */
  readonly rule: string
}

/** May this caller use this operation? */
export function mayCall(house: House, principal: Principal, operation: string): PolicyAnswer {
  const action = { type: 'Holdfast::Action', id: 'call' }
  const resource = { type: 'Holdfast::Operation', id: operation }
  const entities = callerEntities(house, principal)
  return ask(house, { principal: keyOf(principal), action, resource, context: {} }, entities)
}

/** May this caller use this model, at this upstream? */
export function mayInfer(
  house: House,
  principal: Principal,
  chat: Exchange['chat'],
  model: string,
  upstream: string,
): PolicyAnswer {
  const action = { type: 'Holdfast::Action', id: 'infer' }
  const resource = { type: 'Holdfast::Model', id: model }
  const server = { type: 'Holdfast::Upstream', id: upstream }
  const context = { stream: chat?.stream ?? false, tools: (chat?.tools.length ?? 0) > 0 }
  const entities = callerEntities(house, principal).with([
    { uid: resource, attrs: { name: model }, parents: [server] },
    { uid: server, attrs: {}, parents: [] },
  ])
  return ask(house, { principal: keyOf(principal), action, resource, context }, entities)
}

/** Cedar skips a policy that fails; here a prohibition that could not be evaluated still prohibits. */
function ask(house: House, request: PolicyRequest, entities: Entities): PolicyAnswer {
  const { decision, reasons, errors } = decide(house.policy, request, entities)
  const broken = errors.find(({ effect }) => effect === 'forbid')
  if (broken !== undefined) return { isAllowed: false, rule: `${broken.policy} (failed)` }
  return { isAllowed: decision === 'allow', rule: reasons[0] ?? 'no policy permits it' }
}

function keyOf(principal: Principal): { type: string; id: string } {
  return { type: 'Holdfast::Key', id: principal.keyId }
}

/** Callers come again with every request, as the same object until their key changes. */
const known = new WeakMap<Principal, { below: Entities; entities: Entities }>()

/** The configured entities and, above them, this caller: Key in Principal in Tenant. */
function callerEntities(house: House, principal: Principal): Entities {
  const found = known.get(principal)
  if (found?.below === house.entities) return found.entities
  const owner = { type: 'Holdfast::Principal', id: principal.id }
  const tenant = { type: 'Holdfast::Tenant', id: principal.tenant }
  const entities = house.entities.with([
    { uid: keyOf(principal), attrs: { name: principal.name, scopes: [...principal.scopes] }, parents: [owner] },
    { uid: owner, attrs: {}, parents: [tenant] },
    { uid: tenant, attrs: {}, parents: [] },
  ])
  known.set(principal, { below: house.entities, entities })
  return entities
}
