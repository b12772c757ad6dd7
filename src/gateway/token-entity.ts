// How the holder of a token looks to Cedar, and whether the policies' schema can take one.
import type { ConfiguredClaim, TokenPrincipal } from '#identity'
import { createEntities, type EntityJson, PolicyError, type PolicySet } from '#policy'

export const tokenType = 'Holdfast::Token'

type Token = Pick<TokenPrincipal, 'id' | 'issuer' | 'scopes' | 'claims'>

/**
 * The entity of a token. Its claims go where the schema has a place for them: as tags, each a set of texts, whatever
 * its type, so that no schema has to name them; or with their types, where the operator has declared a record `claims`.
 */
export function tokenEntity({ schema }: PolicySet, principal: Token, parent: EntityJson['uid']): EntityJson {
  const declared = schema?.entityTypes.get(tokenType)
  const { id, issuer, scopes, claims } = principal
  const hasRecord = schema === undefined || declared?.attributes.attributes.has('claims') === true
  const hasTags = schema === undefined || declared?.tags !== undefined
  return {
    uid: { type: tokenType, id },
    attrs: { issuer, scopes, ...(hasRecord && { claims }) },
    parents: [parent],
    tags: hasTags ? Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, textsOf(value)])) : {},
  }
}

function textsOf(value: Token['claims'][string]): readonly string[] {
  return typeof value === 'object' ? value : [String(value)]
}

/**
 * Why policies with this schema cannot decide about tokens with these claims, in words; undefined when they can. A
 * schema from before there were tokens serves API keys as ever.
 */
export function tokenSchemaProblem(policies: PolicySet, claims: readonly ConfiguredClaim[]): string | undefined {
  const { schema } = policies
  if (schema === undefined) return undefined
  const declared = schema.entityTypes.get(tokenType)
  if (declared === undefined)
    return `the schema of the policies has no entity type ${tokenType}; docs/identity.md says what to add to it`
  const isLeftOut = ({ principalTypes }: { principalTypes: ReadonlySet<string> }) =>
    principalTypes.has('Holdfast::Key') && !principalTypes.has(tokenType)
  if ([...schema.actionTypes.values()].some(isLeftOut))
    return `an action in the schema of the policies applies to Key and not to Token: write principal: [Key, Token]`
  if (claims.length > 0 && declared.tags === undefined && !declared.attributes.attributes.has('claims'))
    return `the schema of the policies has no place for claims: end the entity type Token with tags Set<String>`
  try {
    for (const list of [claims, []]) createEntities([tokenEntity(policies, sampleOf(list), principalEntity)], policies)
    return undefined
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return `a token does not fit the schema of the policies: ${error.message}`
  }
}

const principalEntity = { type: 'Holdfast::Principal', id: 'sample' }
const sampleValues = { string: '', long: 0, boolean: false, strings: [] } as const

function sampleOf(claims: readonly ConfiguredClaim[]) {
  const values = claims.map(({ name, type }) => [name, sampleValues[type]] as const)
  return { id: 'sample', issuer: '', scopes: [], claims: Object.fromEntries(values) }
}
