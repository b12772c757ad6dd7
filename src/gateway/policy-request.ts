// How a caller and a model look to Cedar (policies/holdfast.cedarschema), and the two questions asked of it.
import type { Principal } from '#identity'
import { decide, type Entities, type PolicyDecision } from '#policy'
import type { Exchange } from './exchange.ts'
import type { House } from './house.ts'

/** May this caller use this operation? */
export function mayCall(house: House, principal: Principal, operation: string): PolicyDecision {
  return decide(
    house.policy,
    {
      principal: keyOf(principal),
      action: { type: 'Holdfast::Action', id: 'call' },
      resource: { type: 'Holdfast::Operation', id: operation },
      context: {},
    },
    callerEntities(house, principal),
  )
}

/** May this caller use this model, at this upstream? */
export function mayInfer(
  house: House,
  principal: Principal,
  chat: Exchange['chat'],
  model: string,
  upstream: string,
): PolicyDecision {
  const resource = { type: 'Holdfast::Model', id: model }
  const server = { type: 'Holdfast::Upstream', id: upstream }
  const entities = callerEntities(house, principal).with([
    { uid: resource, attrs: { name: model }, parents: [server] },
    { uid: server, attrs: {}, parents: [] },
  ])
  const context = { stream: chat?.stream ?? false, tools: (chat?.tools.length ?? 0) > 0 }
  const action = { type: 'Holdfast::Action', id: 'infer' }
  return decide(house.policy, { principal: keyOf(principal), action, resource, context }, entities)
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
