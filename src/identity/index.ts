// Identity: who is asking. API keys, and the one credential that a request may carry.
export {
  type ApiKeys,
  type CreatedApiKey,
  createKeyReplica,
  type KeyReplica,
  type KnownKey,
  openApiKeys,
} from './api-keys.ts'
export { type CredentialResult, readCredential } from './credential.ts'
export { IdentityError, type IdentityErrorCode } from './error.ts'
export { createIdentify } from './identify.ts'
export { readKeySet } from './jwt/key-set.ts'
export { documentKeys, fetchedKeys, type KeySource } from './jwt/key-source.ts'
export { type ConfiguredClaim, type IssuerSettings, identitySchema } from './jwt/settings.ts'
export { createTokenVerifier, type TokenExamination, type TokenVerifier } from './jwt/verify.ts'
export { isKeyText } from './key-format.ts'
export type { ApiKeyRecord, KeyId, NewApiKey, TenantId } from './key-record.ts'
export { type IdentityTables, identityMigrations } from './migrations.ts'
export type { AuthenticationResult, Identify, Principal, TokenPrincipal } from './principal.ts'
export { type OuterProbe, reinstateApiKeyAction, revokeApiKeyAction } from './revoke.ts'
