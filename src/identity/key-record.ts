// What is known of an API key, and what one may be made with. Rows of the store are checked like any other input.
import { z } from 'zod'
import { IdentityError } from './error.ts'
import type { IdentityTables } from './migrations.ts'

/** One line without control, formatting or unassigned characters: it is printed in terminals, logs and policies. */
const label = z
  .string()
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u, { error: 'expected 1 to 128 printable characters' })
  .refine((text) => text.trim() === text, { error: 'expected no space at either end' })

/** Who a key acts for. The ids of token subjects begin with `jwt:`, so that no key can ever speak for one of them. */
const principal = label.refine((text) => !text.startsWith('jwt:'), {
  error: 'names that begin with jwt: belong to the subjects of tokens',
})

const keyId = z
  .string()
  .regex(/^key_[a-z2-7]{16}$/)
  .brand<'KeyId'>()
export const tenantId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, { error: 'expected letters, digits, dots, dashes and underscores' })
  .brand<'TenantId'>()
const scope = z
  .string()
  .regex(/^[a-z][a-z0-9:._-]{0,63}$/, { error: 'expected lower-case letters, digits, and the signs : . _ -' })
const time = z.int().min(0)

export type KeyId = z.output<typeof keyId>
export type TenantId = z.output<typeof tenantId>

const newKeySchema = z.strictObject({
  name: label,
  principal,
  tenant: tenantId,
  scopes: z.array(scope).max(64),
  expiresAt: time.optional(),
})

/** What a key is made with. `expiresAt` is in ms since the epoch; without it the key does not expire. */
export type NewApiKey = z.input<typeof newKeySchema>

/** A key as it may be shown: everything but the secret and its hash. */
export interface ApiKeyRecord {
  readonly id: KeyId
  readonly name: string
  readonly principal: string
  readonly tenant: TenantId
  /** Sorted, each once. */
  readonly scopes: readonly string[]
  /** ms since the epoch, as the two below. */
  readonly createdAt: number
  readonly expiresAt?: number
  readonly revokedAt?: number
}

/** @throws IdentityError `invalid_key` */
export function checkNewKey(input: NewApiKey, now: number): z.output<typeof newKeySchema> {
  const { success, data, error } = newKeySchema.safeParse(input)
  if (!success) {
    const [issue] = error.issues
    throw new IdentityError('invalid_key', `${issue?.path.join('.') || 'the key'}: ${issue?.message}`)
  }
  if (data.expiresAt !== undefined && data.expiresAt <= now) {
    throw new IdentityError('invalid_key', 'expiresAt: the key would have expired already')
  }
  return { ...data, scopes: [...new Set(data.scopes)].sort() }
}

const rowSchema = z.object({
  id: keyId,
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  name: label,
  principal,
  tenant: tenantId,
  scopes: z.string().transform((text, context) => scopesOf(text, context)),
  created_at: time,
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
})

/** @throws IdentityError `damaged` */
export function readRow(row: IdentityTables['identity_api_keys']): {
  readonly hash: string
  readonly record: ApiKeyRecord
} {
  const { success, data } = rowSchema.safeParse(row)
  if (!success)
    throw new IdentityError(
      'damaged',
      `the stored API key ${JSON.stringify(row.id)} is damaged; restore the store from a backup`,
    )
  const {
    id,
    hash,
    name,
    principal,
    tenant,
    scopes,
    created_at: createdAt,
    expires_at: expiresAt,
    revoked_at: revokedAt,
  } = data
  const record: ApiKeyRecord = Object.freeze({
    id,
    name,
    principal,
    tenant,
    scopes: Object.freeze(scopes),
    createdAt,
    ...(expiresAt === null ? {} : { expiresAt }),
    ...(revokedAt === null ? {} : { revokedAt }),
  })
  return { hash, record }
}

function scopesOf(text: string, context: z.RefinementCtx): string[] {
  try {
    return z.array(scope).parse(JSON.parse(text))
  } catch {
    context.addIssue({ code: 'custom', message: 'not a list of scopes' })
    return z.NEVER
  }
}
