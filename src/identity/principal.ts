// Who a request speaks for, and what a credential is answered with.

import type { TokenRefusalCode } from './jwt/refusal.ts'
import type { TenantId } from './key-record.ts'

interface AnyPrincipal {
  /** Who it is, for policies and the log. No API key and no token of another issuer can have the same. */
  readonly id: string
  readonly tenant: TenantId
  /**
   * What limits, sessions and findings go by: the id of the API key, or one id for all the tokens of a subject, so that
   * a new token brings neither a new allowance nor another session.
   */
  readonly keyId: string
  /** What it is called: the name of the key, or the id. */
  readonly name: string
  readonly scopes: readonly string[]
}

export interface ApiKeyPrincipal extends AnyPrincipal {
  readonly kind: 'api_key'
}

export interface TokenPrincipal extends AnyPrincipal {
  readonly kind: 'jwt'
  readonly issuer: string
  /** The token's own id (`jti`), for the log: a commitment where the issuer is `pseudonymous`. */
  readonly tokenId: string | undefined
  /** The configured claims that the token has, by the names that policies know them by. */
  readonly claims: Readonly<Record<string, ClaimValue>>
}

export type Principal = ApiKeyPrincipal | TokenPrincipal

/** A whole number lies between -(2^53 - 1) and 2^53 - 1. */
export type ClaimValue = string | number | boolean | readonly string[]

export type AuthenticationResult =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown' }
  /** The principal that it was: for the log, never for the client. */
  | { readonly ok: false; readonly reason: 'expired' | 'revoked'; readonly principal: Principal }
  /** A token is refused; whose it was is told only when its signature was right. */
  | { readonly ok: false; readonly reason: TokenRefusalCode; readonly principal?: Principal }

/** Who a credential speaks for: at once where it can be said from memory. */
export type Identify = (credential: string) => AuthenticationResult | Promise<AuthenticationResult>
