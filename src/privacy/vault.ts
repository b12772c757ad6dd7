// The vault: which placeholder stands for which value, by session, encrypted in the store.
import type { Kysely } from 'kysely'
import type { PrivacyTables } from './migrations.ts'
import { deriveSessionKeys, type SessionName } from './sealed.ts'
import { type SessionLimits, StoredSession, type VaultSession } from './session.ts'

export interface VaultOptions {
  /** Of a store that has been migrated with `privacyMigrations`. */
  readonly database: Kysely<PrivacyTables>
  /** 32 bytes. Whoever has them and the store has the values. */
  readonly key: Uint8Array
  /** ms since the epoch. */
  readonly now: () => number
  /** How long a session is kept after it was last used, in ms. Read each time: it may change. */
  readonly ttlMs: number
  /** Sessions kept in memory, >= 1. Those with something to store stay beyond it. */
  readonly maxSessions?: number
  /** Values a session may hold, >= 1: a client that sends endless new values must not fill the memory. */
  readonly maxValues?: number
}

export interface Vault {
  /**
   * Opens a session, new or known.
   * @throws PrivacyError `vault_unreadable`; StoreError
   */
  session(name: SessionName): Promise<VaultSession>
  /** Erases a session, in memory and in the store. @returns the number of stored values erased */
  forget(name: SessionName): Promise<number>
  /** Erases what has expired. @returns the number of stored values erased */
  purge(): Promise<number>
}

interface Held {
  readonly loading: Promise<StoredSession>
  loaded?: StoredSession
}

/** Opens the vault. Values are sealed with AES-256-GCM under a key of their session, bound to tenant, session and placeholder. */
export function openVault(options: VaultOptions): Vault {
  const { database, key, now, maxSessions = 1_000, maxValues = 50_000 } = options
  const limits: SessionLimits = {
    now,
    get ttlMs() {
      return options.ttlMs
    },
    maxValues,
  }
  const sessions = new Map<string, Held>()

  function hold(name: SessionName): Held {
    const id = JSON.stringify([name.tenant, name.session])
    const known = sessions.get(id)
    if (known && !isExpired(known)) {
      sessions.delete(id)
      sessions.set(id, known)
      return known
    }
    const session = new StoredSession(database, deriveSessionKeys(key, name), limits)
    const held: Held = { loading: session.load().then(() => session) }
    held.loading.then(
      () => {
        held.loaded = session
      },
      () => {
        if (sessions.get(id) === held) sessions.delete(id)
      },
    )
    sessions.set(id, held)
    evict()
    return held
  }

  function isExpired({ loaded }: Held): boolean {
    return loaded !== undefined && loaded.expiresAt <= now() && loaded.isSettled
  }

  /** Drops the least recently used sessions that have nothing to store. */
  function evict(): void {
    let excess = sessions.size - maxSessions
    if (excess <= 0) return
    for (const [id, { loaded }] of sessions) {
      if (!loaded?.isSettled) continue
      sessions.delete(id)
      excess--
      if (excess === 0) return
    }
  }

  return {
    session: (name) => hold(name).loading,
    async forget(name) {
      const id = JSON.stringify([name.tenant, name.session])
      const held = sessions.get(id)
      sessions.delete(id)
      const open = await held?.loading.catch(() => undefined)
      await open?.forget()
      const result = await database
        .deleteFrom('privacy_vault')
        .where('session', '=', deriveSessionKeys(key, name).id)
        .executeTakeFirst()
      return Number(result.numDeletedRows)
    },
    async purge() {
      for (const [id, held] of sessions) if (isExpired(held)) sessions.delete(id)
      const result = await database.deleteFrom('privacy_vault').where('expires_at', '<=', now()).executeTakeFirst()
      return Number(result.numDeletedRows)
    },
  }
}
