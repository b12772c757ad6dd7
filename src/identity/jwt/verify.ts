// JWT bearer tokens (RFC 7519, RFC 9068, with the advice of RFC 8725): whom does a token speak for, if for anybody?
import { compactVerify } from 'jose'
import { sha256Hex } from '#crypto'
import type { AuthenticationResult, TokenPrincipal } from '../principal.ts'
import type { Algorithm } from './algorithms.ts'
import { readSubject, type Subject } from './claims.ts'
import { type CompactToken, readCompact } from './compact.ts'
import { chooseKey, type KeySet, type VerificationKey } from './key-set.ts'
import type { KeySource } from './key-source.ts'
import { type TokenRefusalCode, TokenRefused } from './refusal.ts'
import type { IssuerSettings } from './settings.ts'
import { checkTimes } from './times.ts'

export interface Issuer {
  readonly settings: IssuerSettings
  readonly keys: KeySource
}

export interface TokenVerifier {
  /** Whom a token speaks for; at once when it was seen a moment ago. */
  authenticate(token: string): AuthenticationResult | Promise<AuthenticationResult>
  /** The same for the one who holds the token: with the reason in plain words, and nothing remembered. */
  examine(token: string): Promise<TokenExamination>
  /** Fetches the keys that are due. Never rejects. */
  keepFresh(): Promise<void>
}

export type TokenExamination =
  | { readonly ok: true; readonly principal: TokenPrincipal }
  | { readonly ok: false; readonly code: TokenRefusalCode; readonly detail: string }

export interface TokenVerifierOptions {
  /** No two with the same `issuer`. */
  readonly issuers: readonly Issuer[]
  /** ms since the epoch. */
  readonly now: () => number
  /** A keyed commitment to a personal value. */
  readonly commit: (value: string) => string
  /** Tokens whose verification is remembered. */
  readonly maxRemembered?: number
}

/** A verified token, for as long as nothing can have changed. */
interface Remembered {
  readonly principal: TokenPrincipal
  readonly issuer: Issuer
  /** The digest of the key that its signature was checked with. */
  readonly key: string
  /** ms since the epoch. */
  readonly until: number
}

const rememberMs = 300_000

/**
 * A token that was found right is remembered under the SHA-256 of all of it (CVE-2026-35030: a part of it was the key),
 * until it expires, for five minutes at most, and only while its issuer still publishes the key that signed it.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { now, maxRemembered = 10_000 } = options
  const issuers = new Map(options.issuers.map((issuer) => [issuer.settings.issuer, issuer]))
  const remembered = new Map<string, Remembered>()

  function recall(digest: string): TokenPrincipal | undefined {
    const entry = remembered.get(digest)
    if (entry === undefined) return undefined
    const keys = entry.issuer.keys.keys()
    if (now() < entry.until && !(keys instanceof Promise) && keys?.has(entry.key)) return entry.principal
    remembered.delete(digest)
    return undefined
  }

  function remember(digest: string, entry: Remembered): void {
    const [oldest] = remembered.size >= maxRemembered ? remembered.keys() : []
    if (oldest !== undefined) remembered.delete(oldest)
    remembered.set(digest, entry)
  }

  /** @param known  told whose token it is as soon as that is sure, for a refusal because of the time */
  async function check(token: string, known: (principal: TokenPrincipal) => void): Promise<Remembered> {
    const { compact, issuer, key } = await checkSignature(token, issuers)
    const principal = principalOf(readSubject(compact.claims, issuer.settings), issuer.settings, options.commit)
    known(principal)
    const expiry = checkTimes(compact.claims, issuer.settings, now())
    return { principal, issuer, key: key.digest, until: Math.min(expiry, now() + rememberMs) }
  }

  async function verify(token: string, digest: string): Promise<AuthenticationResult> {
    let principal: TokenPrincipal | undefined
    try {
      const entry = await check(token, (found) => {
        principal = found
      })
      remember(digest, entry)
      return { ok: true, principal: entry.principal }
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error
      return { ok: false, reason: error.code, ...(principal && { principal }) }
    }
  }

  return {
    authenticate(token) {
      const digest = sha256Hex(token)
      const principal = recall(digest)
      return principal === undefined ? verify(token, digest) : { ok: true, principal }
    },
    async examine(token) {
      try {
        const { principal } = await check(token, () => {})
        return { ok: true, principal }
      } catch (error) {
        if (!(error instanceof TokenRefused)) throw error
        return { ok: false, code: error.code, detail: error.message }
      }
    },
    async keepFresh() {
      await Promise.all(options.issuers.map(({ keys }) => keys.keepFresh()))
    },
  }
}

interface Signed {
  readonly compact: CompactToken
  readonly issuer: Issuer
  readonly key: VerificationKey
}

/** The issuer is chosen by what the token says, but only among ours, and its own keys must then have signed just that. */
async function checkSignature(token: string, issuers: ReadonlyMap<string, Issuer>): Promise<Signed> {
  const compact = readCompact(token)
  const { iss } = compact.claims
  const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined
  if (issuer === undefined) throw new TokenRefused('token_issuer', `its issuer (iss) is none of the configured ones`)
  const algorithm = allowedAlgorithm(compact, issuer.settings)
  checkType(compact, issuer.settings)
  const key = await keyFor(compact, algorithm, issuer.keys)
  try {
    await compactVerify(token, await key.imported(algorithm), { algorithms: [algorithm] })
  } catch {
    throw new TokenRefused('token_signature', 'its signature is not of the key that it names, or it was changed')
  }
  return { compact, issuer, key }
}

function allowedAlgorithm({ alg }: CompactToken, { algorithms }: IssuerSettings): Algorithm {
  const found = algorithms.find((name) => name === alg)
  if (found !== undefined) return found
  throw new TokenRefused('token_algorithm', `its algorithm ${JSON.stringify(alg.slice(0, 40))} is not among algorithms`)
}

function checkType({ typ = 'missing' }: CompactToken, { typ: allowed }: IssuerSettings): void {
  const type = mediaType(typ)
  if (allowed.some((name) => mediaType(name) === type)) return
  throw new TokenRefused(
    'token_type',
    `its type (typ) is ${JSON.stringify(typ.slice(0, 40))}, not ${allowed.join(' or ')}`,
  )
}

/** RFC 7515 section 4.1.9: `application/` may be left out, and case does not matter. */
function mediaType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '')
}

async function keyFor({ kid }: CompactToken, algorithm: Algorithm, source: KeySource): Promise<VerificationKey> {
  const set = required(await source.keys())
  try {
    return chooseKey(set, kid, algorithm)
  } catch (error) {
    // Perhaps the issuer has new keys.
    const renewed = kid !== undefined && !set.keys.some((key) => key.kid === kid) ? source.renew() : undefined
    if (renewed === undefined) throw error
    return chooseKey(required(await renewed), kid, algorithm)
  }
}

function required(set: KeySet | undefined): KeySet {
  if (set !== undefined) return set
  throw new TokenRefused('token_keys_unavailable', 'the keys of its issuer cannot be had')
}

/** No issuer has `#` in its name, and no API key a principal that begins with `jwt:`, so an id has one owner. */
function principalOf(subject: Subject, settings: IssuerSettings, commit: (value: string) => string): TokenPrincipal {
  const { issuer, pseudonymous } = settings
  const full = `jwt:${issuer}#${subject.subject}`
  const committed = commit(full).slice(0, 32)
  const id = pseudonymous ? `jwt:${issuer}#~${committed}` : full
  const { tenant, scopes, claims, tokenId } = subject
  return Object.freeze({
    kind: 'jwt',
    id,
    tenant,
    keyId: `sub_${committed}`,
    name: id,
    scopes,
    issuer,
    tokenId: tokenId !== undefined && pseudonymous ? commit(`${issuer}#${tokenId}`).slice(0, 32) : tokenId,
    claims,
  })
}
