// What a token says, after its signature was found right: is it meant for us, is it an access token, and whom does it
// speak for? (RFC 7519 section 4.1, RFC 8725, RFC 9068 section 4.)
import type { TenantId } from '../key-record.ts'
import type { ClaimValue } from '../principal.ts'
import { TokenRefused } from './refusal.ts'
import type { ConfiguredClaim, IssuerSettings } from './settings.ts'

type Claims = Readonly<Record<string, unknown>>

/** Whom a token speaks for, by the rules of its issuer. */
export interface Subject {
  readonly subject: string
  readonly tenant: TenantId
  readonly scopes: readonly string[]
  readonly claims: Readonly<Record<string, ClaimValue>>
  readonly tokenId: string | undefined
}

const maxText = 1024
const maxItems = 256

/**
 * Everything but the times.
 *
 * @throws TokenRefused
 */
export function readSubject(claims: Claims, settings: IssuerSettings): Subject {
  refuseOtherKinds(claims)
  checkAudience(claims, settings)
  checkClient(claims, settings)
  checkRequired(claims, settings)
  const { jti } = claims
  if (jti !== undefined && (typeof jti !== 'string' || !isPrintable(jti, 255)))
    throw new TokenRefused('token_claims', 'jti is not a text of at most 255 printable characters')
  return {
    subject: subjectOf(claims, settings.subject),
    tenant: tenantOf(claims, settings.tenant),
    scopes: scopesOf(claims, settings.scopes),
    claims: configuredClaims(claims, settings.claims),
    tokenId: jti,
  }
}

/** Claims that only tokens for other purposes have: ID tokens (OpenID Connect Core 3.3.2.11), logout tokens, refresh tokens. */
const foreignClaims = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events']

/** What Keycloak (`typ`) and Cognito (`token_use`) write into tokens that are not access tokens. */
const foreignUses = new Set(['id', 'refresh', 'offline', 'logout'])

function refuseOtherKinds(claims: Claims): void {
  const found = foreignClaims.find((name) => name in claims)
  if (found !== undefined)
    throw new TokenRefused(
      'token_not_access',
      `it has the claim ${found}, as ID and logout tokens have; send the access token`,
    )
  for (const name of ['typ', 'token_use']) {
    const use = claims[name]
    if (typeof use === 'string' && foreignUses.has(use.toLowerCase()))
      throw new TokenRefused('token_not_access', `its claim ${name} says ${use}; send the access token`)
  }
}

function checkAudience({ aud }: Claims, { audience, otherAudiences }: IssuerSettings): void {
  if (aud === undefined) throw new TokenRefused('token_audience', 'it has no aud, so it is meant for nobody')
  const named = typeof aud === 'string' ? [aud] : aud
  if (!isTextList(named)) throw new TokenRefused('token_claims', 'aud is neither a text nor a list of texts')
  const [other] = named.filter((name) => !audience.includes(name))
  if (!named.some((name) => audience.includes(name)))
    throw new TokenRefused('token_audience', `it is meant for ${shown(named)}, not for ${shown(audience)}`)
  if (other !== undefined && otherAudiences === 'refuse')
    throw new TokenRefused(
      'token_other_audience',
      `it is meant for ${shown([other])} as well, who could use it here; otherAudiences: allow lets it pass`,
    )
}

function checkClient(claims: Claims, { clients }: IssuerSettings): void {
  for (const name of ['azp', 'client_id']) {
    const client = claims[name]
    if (client !== undefined && typeof client !== 'string')
      throw new TokenRefused('token_claims', `${name} is not a text`)
  }
  const { azp, client_id: clientId } = claims
  if (azp !== undefined && clientId !== undefined && azp !== clientId)
    throw new TokenRefused('token_client', 'azp and client_id name different applications')
  const client = azp ?? clientId
  if (clients === undefined || (typeof client === 'string' && clients.includes(client))) return
  throw new TokenRefused('token_client', 'it was made for an application that is not among clients')
}

function checkRequired(claims: Claims, { requiredClaims }: IssuerSettings): void {
  for (const { name, values } of requiredClaims) {
    const found = claims[name]
    const has: readonly unknown[] = Array.isArray(found) ? found : [found]
    if (!values.some((value) => has.includes(value)))
      throw new TokenRefused('token_required_claim', `its claim ${name} has none of the required values`)
  }
}

function subjectOf(claims: Claims, name: string): string {
  const subject = claims[name]
  if (typeof subject !== 'string' || !isPrintable(subject, 255) || subject.trim() !== subject)
    throw new TokenRefused('token_subject', `${name} is not a text of 1 to 255 printable characters`)
  return subject
}

function tenantOf(claims: Claims, tenant: IssuerSettings['tenant']): TenantId {
  if (typeof tenant === 'string') return tenant
  const found = tenant.allowed.find((allowed) => allowed === claims[tenant.claim])
  if (found !== undefined) return found
  throw new TokenRefused('token_tenant', `its claim ${tenant.claim} names none of the allowed tenants`)
}

/** RFC 6749 section 3.3: printable ASCII without space, quote and backslash. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/

function scopesOf(claims: Claims, name: string): readonly string[] {
  const found = claims[name]
  if (found === undefined) return []
  const list = typeof found === 'string' ? found.split(' ').filter((scope) => scope !== '') : found
  if (!isTextList(list) || !list.every((scope) => scopeToken.test(scope)))
    throw new TokenRefused('token_scopes', `${name} is not a list of scopes (RFC 6749 section 3.3)`)
  return Object.freeze([...new Set(list)].sort())
}

/** Those that the token has: absent is absent, but what is there must be of its type. */
function configuredClaims(claims: Claims, wanted: readonly ConfiguredClaim[]): Readonly<Record<string, ClaimValue>> {
  const values = wanted.flatMap(({ name, type, from }) => {
    const found = from.reduce<unknown>(memberOf, claims)
    if (found === undefined || found === null) return []
    const value = readClaim(found, type)
    if (value === undefined)
      throw new TokenRefused('token_claim_type', `its claim ${from.join('.')} is not of type ${type}`)
    return [[name, value] as const]
  })
  return Object.freeze(Object.fromEntries(values))
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
    return undefined
  return Reflect.get(value, name)
}

function readClaim(value: unknown, type: ConfiguredClaim['type']): ClaimValue | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' && value.length <= maxText ? value : undefined
    case 'long':
      return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'strings': {
      // Some issuers write a list of one as its only member.
      const list = typeof value === 'string' ? [value] : value
      return isTextList(list) ? Object.freeze([...new Set(list)].sort()) : undefined
    }
  }
}

function isTextList(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= maxItems &&
    value.every((item) => typeof item === 'string' && item.length <= maxText)
  )
}

function isPrintable(text: string, most: number): boolean {
  return text.length <= most && /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(text)
}

function shown(names: readonly string[]): string {
  return names
    .slice(0, 3)
    .map((name) => JSON.stringify(name.slice(0, 100)))
    .join(', ')
}
