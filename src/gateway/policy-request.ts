// How a caller and a model look to Cedar (policies/holdfast.cedarschema).
import type { Principal } from '#identity'
import type { Entities } from '#policy'

export function keyOf(principal: Principal): { type: string; id: string } {
  return { type: 'Holdfast::Key', id: principal.keyId }
}

/** The configured entities and, above them, this caller: Key in Principal in Tenant. */
export function callerEntities(entities: Entities, principal: Principal): Entities {
  const owner = { type: 'Holdfast::Principal', id: principal.id }
  const tenant = { type: 'Holdfast::Tenant', id: principal.tenant }
  return entities.with([
    {
      uid: keyOf(principal),
      attrs: { name: principal.name, scopes: [...principal.scopes] },
      parents: [owner],
    },
    { uid: owner, attrs: {}, parents: [tenant] },
    { uid: tenant, attrs: {}, parents: [] },
  ])
}
