// One door for every kind of credential. They cannot be mistaken for each other: an API key has no dots, a token two.
import type { ApiKeys } from './api-keys.ts'
import type { TokenVerifier } from './jwt/verify.ts'
import type { Identify } from './principal.ts'

/** @param tokens undefined when no issuer is configured: then a token is a malformed API key */
export function createIdentify(keys: Pick<ApiKeys, 'authenticate'>, tokens: TokenVerifier | undefined): Identify {
  return (credential) =>
    tokens !== undefined && credential.includes('.') ? tokens.authenticate(credential) : keys.authenticate(credential)
}
