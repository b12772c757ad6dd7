// Identity: who is asking. API keys, and the one credential that a request may carry.
export { type ApiKeys, type CreatedApiKey, openApiKeys } from './api-keys.ts'
export { type CredentialResult, readCredential } from './credential.ts'
export { IdentityError, type IdentityErrorCode } from './error.ts'
export { isKeyText } from './key-format.ts'
export type { ApiKeyRecord, KeyId, NewApiKey, TenantId } from './key-record.ts'
export { type IdentityTables, identityMigrations } from './migrations.ts'
export type { AuthenticationResult, Identify, Principal } from './principal.ts'
export { type OuterProbe, reinstateApiKeyAction, revokeApiKeyAction } from './revoke.ts'
