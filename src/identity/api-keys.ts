// API keys: made once, shown once, kept as SHA-256, looked up in memory, revoked at once.

import type { Kysely } from 'kysely'
import { sha256Hex } from '#crypto'
import { IdentityError } from './error.ts'
import { base32, formatKey, isKeyText } from './key-format.ts'
import { type ApiKeyRecord, checkNewKey, type NewApiKey, readRow } from './key-record.ts'
import type { IdentityTables } from './migrations.ts'
import type { ApiKeyPrincipal, AuthenticationResult } from './principal.ts'

export interface CreatedApiKey {
  /** The key's text, which nothing can show again. */
  readonly secret: string
  readonly key: ApiKeyRecord
}

export interface ApiKeys {
  /**
   * Works as soon as it resolves, and not before.
   *
   * @param confirm  is told of the key when it is stored; when it rejects, there is no such key
   * @throws IdentityError `invalid_key`; StoreError; what `confirm` rejects with
   */
  create(input: NewApiKey, confirm?: (key: ApiKeyRecord) => Promise<void>): Promise<CreatedApiKey>
  /** Who a credential speaks for. Touches memory only. */
  authenticate(credential: string): AuthenticationResult
  /** The key as the store has it now, whatever memory says. @throws IdentityError `not_found`, `damaged`; StoreError */
  stored(id: string): Promise<ApiKeyRecord>
  /**
   * What `authenticate` would answer to the key's own text, found by its hash in the same table. Not for traffic:
   * whoever could pass a hash here could use a stolen store instead of a key (GHSA-69x8-hrgq-fjj8).
   *
   * @throws IdentityError `not_found`
   */
  answerFor(id: string): AuthenticationResult
  /**
   * Refuses the key from now on, before the promise resolves and even if the store then fails. Revoking twice keeps
   * the first time.
   *
   * @throws IdentityError `not_found`; StoreError, after which the key stays refused until this process ends
   */
  revoke(id: string): Promise<ApiKeyRecord>
  /** Takes a revocation back. An expired key stays expired. @throws IdentityError `not_found`; StoreError */
  reinstate(id: string): Promise<ApiKeyRecord>
  get(id: string): ApiKeyRecord | undefined
  /** All keys, oldest first. */
  list(): readonly ApiKeyRecord[]
  /**
   * Tells `follower` all keys now, before this returns, and every change from then on. A change is not complete before
   * the follower has taken it: `create`, `revoke` and `reinstate` wait for it. A follower must not fail.
   *
   * @returns how to stop
   */
  follow(follower: KeyFollower): () => void
  /** Reads all keys again, for when another process has changed the store. @throws IdentityError `damaged`; StoreError */
  reload(): Promise<void>
}

/** A key as its table knows it: what another process needs to recognise it. */
export interface KnownKey {
  /** SHA-256 of its text, hex. */
  readonly hash: string
  readonly record: ApiKeyRecord
}

/** @param keys  those that are new or have changed */
export type KeyFollower = (keys: readonly KnownKey[]) => Promise<void>

interface Entry extends KnownKey {
  readonly principal: ApiKeyPrincipal
}

/** The keys of another process, as far as it has told of them: a follower that can answer `authenticate`. */
export interface KeyReplica {
  take(keys: readonly KnownKey[]): void
  authenticate(credential: string): AuthenticationResult
}

/** @param now  ms since the epoch */
export function createKeyReplica(now: () => number): KeyReplica {
  const byHash = new Map<string, Entry>()
  return {
    take(keys) {
      for (const { hash, record } of keys) byHash.set(hash, { hash, record, principal: principalOf(record) })
    },
    authenticate: (credential) =>
      isKeyText(credential) ? answerOf(byHash.get(sha256Hex(credential)), now()) : malformed,
  }
}

/**
 * Opens the keys of a store that has been migrated with `identityMigrations`.
 *
 * Time reveals nothing useful: a credential is looked up by its SHA-256, so whatever a comparison inside the table
 * tells is about a digest that nobody can steer towards a stored one. There is no comparison of secrets, nothing is
 * cached under a part of one (CVE-2026-35030), and none enters a query (CVE-2026-42208).
 *
 * @throws IdentityError `damaged` when a stored key cannot be read: better no start than a key less or more
 */
export async function openApiKeys(options: {
  readonly database: Kysely<IdentityTables>
  /** ms since the epoch. */
  readonly now: () => number
  /** Cryptographic. */
  readonly randomBytes: (count: number) => Uint8Array
}): Promise<ApiKeys> {
  const { database, now, randomBytes } = options
  let byHash = new Map<string, Entry>()
  let byId = new Map<string, Entry>()
  /** Revocations that the store has not confirmed. They hold whatever is read from it in the meantime. */
  const revoking = new Map<string, number>()
  const followers = new Set<KeyFollower>()
  await reload()

  async function reload(): Promise<void> {
    const rows = await database.selectFrom('identity_api_keys').selectAll().execute()
    const entries = rows.map(entryOf)
    byHash = new Map(entries.map((entry) => [entry.hash, entry]))
    byId = new Map(entries.map((entry) => [entry.record.id, entry]))
    await tell(entries)
  }

  async function tell(entries: readonly Entry[]): Promise<void> {
    const keys = entries.map(({ hash, record }) => ({ hash, record }))
    await Promise.all([...followers].map((follower) => follower(keys)))
  }

  async function rowOf(id: string): Promise<IdentityTables['identity_api_keys']> {
    const row = await database.selectFrom('identity_api_keys').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw notFound(id)
    return row
  }

  /** Takes over what the store says of one key. */
  async function refresh(id: string): Promise<ApiKeyRecord> {
    const entry = entryOf(await rowOf(id))
    remember(entry)
    await tell([entry])
    return entry.record
  }

  function remember(entry: Entry): void {
    byHash.set(entry.hash, entry)
    byId.set(entry.record.id, entry)
  }

  function entryOf(row: IdentityTables['identity_api_keys']): Entry {
    const { hash, record: stored } = readRow(row)
    const revokedAt = stored.revokedAt ?? revoking.get(stored.id)
    const record = revokedAt === undefined ? stored : { ...stored, revokedAt }
    return { hash, record, principal: principalOf(record) }
  }

  function entry(id: string): Entry {
    const known = byId.get(id)
    if (known === undefined) throw notFound(id)
    return known
  }

  function answer(hash: string): AuthenticationResult {
    return answerOf(byHash.get(hash), now())
  }

  return {
    async create(input, confirm = async () => {}) {
      const { name, principal, tenant, scopes, expiresAt } = checkNewKey(input, now())
      const secret = formatKey(randomBytes(32))
      const id = `key_${base32(randomBytes(10))}`
      await database
        .insertInto('identity_api_keys')
        .values({
          id,
          hash: sha256Hex(secret),
          name,
          principal,
          tenant,
          scopes: JSON.stringify(scopes),
          created_at: now(),
          expires_at: expiresAt ?? null,
          revoked_at: null,
        })
        .execute()
      try {
        await confirm(readRow(await rowOf(id)).record)
      } catch (error) {
        // Should that fail too, there is a key that nobody has the text of.
        await database
          .deleteFrom('identity_api_keys')
          .where('id', '=', id)
          .execute()
          .catch(() => {})
        throw error
      }
      return { secret, key: await refresh(id) }
    },

    authenticate(credential) {
      return isKeyText(credential) ? answer(sha256Hex(credential)) : malformed
    },

    stored: async (id) => readRow(await rowOf(id)).record,
    answerFor: (id) => answer(entry(id).hash),

    async revoke(id) {
      const known = entry(id)
      const revokedAt = known.record.revokedAt ?? now()
      revoking.set(id, revokedAt)
      const refused = { ...known, record: { ...known.record, revokedAt } }
      remember(refused)
      const told = tell([refused])
      await database
        .updateTable('identity_api_keys')
        .set({ revoked_at: revokedAt })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .execute()
      await told
      const record = await refresh(id)
      revoking.delete(id)
      return record
    },

    async reinstate(id) {
      entry(id)
      await database.updateTable('identity_api_keys').set({ revoked_at: null }).where('id', '=', id).execute()
      return refresh(id)
    },

    get: (id) => byId.get(id)?.record,
    list: () =>
      [...byId.values()]
        .map(({ record }) => record)
        .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
    follow(follower) {
      followers.add(follower)
      void follower([...byId.values()].map(({ hash, record }) => ({ hash, record })))
      return () => followers.delete(follower)
    },
    reload,
  }
}

function principalOf({ id: keyId, principal: id, tenant, name, scopes }: ApiKeyRecord): ApiKeyPrincipal {
  return Object.freeze({ kind: 'api_key', id, tenant, keyId, name, scopes })
}

/** @param now  ms since the epoch */
function answerOf(known: Entry | undefined, now: number): AuthenticationResult {
  if (known === undefined) return unknown
  const { record, principal } = known
  if (record.revokedAt !== undefined) return { ok: false, reason: 'revoked', principal }
  if (record.expiresAt !== undefined && record.expiresAt <= now) return { ok: false, reason: 'expired', principal }
  return { ok: true, principal }
}

const malformed: AuthenticationResult = { ok: false, reason: 'malformed' }
const unknown: AuthenticationResult = { ok: false, reason: 'unknown' }

function notFound(id: string): IdentityError {
  return new IdentityError('not_found', `there is no API key ${JSON.stringify(id.slice(0, 40))}`)
}
