// One session of the vault: placeholders and values in memory, new ones on their way to the store.
import type { Kysely, Transaction } from 'kysely'
import { PrivacyError } from './errors.ts'
import type { PrivacyTables } from './migrations.ts'
import { derivePlaceholder } from './placeholders.ts'
import type { SessionKeys } from './sealed.ts'

/** Placeholders of one conversation. Everybody in this process who opens the same session has the same object. */
export interface VaultSession {
  /**
   * The placeholder of a value, the same one each time. Stored by the next `flush`.
   *
   * @param type 2 to 16 of A-Z (see `placeholderType`)
   * @throws PrivacyError `invalid_type`, `session_full`
   */
  mask(type: string, value: string): string
  /** The value of a placeholder of this session. */
  lookup(placeholder: string): string | undefined
  /**
   * Stores what was masked before this call, all or nothing, and renews the session's time where that is due. Await it
   * before the placeholders leave the house: one that was not stored cannot be restored after a restart. After a
   * failure the values are still in memory, and the next call tries again.
   *
   * @throws PrivacyError `vault_collision`, `vault_unreadable`; StoreError
   */
  flush(): Promise<void>
}

export interface SessionLimits {
  readonly now: () => number
  readonly ttlMs: number
  readonly maxValues: number
}

// SQLite takes 32,766 parameters a statement, four a row.
const ROWS_AT_ONCE = 1_000

type Batch = readonly (readonly [token: string, value: string])[]

export class StoredSession implements VaultSession {
  /** ms since the epoch. */
  expiresAt: number
  #isForgotten = false
  #hasExpired = false
  readonly #database: Kysely<PrivacyTables>
  readonly #keys: SessionKeys
  readonly #limits: SessionLimits
  readonly #values = new Map<string, string>()
  readonly #placeholders = new Map<string, string>()
  readonly #pending = new Map<string, string>()
  #writing: Promise<void> = Promise.resolve()

  constructor(database: Kysely<PrivacyTables>, keys: SessionKeys, limits: SessionLimits) {
    this.#database = database
    this.#keys = keys
    this.#limits = limits
    this.expiresAt = limits.now() + limits.ttlMs
  }

  /** @throws PrivacyError `vault_unreadable`: one value that does not open is reason enough to doubt all */
  async load(): Promise<void> {
    const now = this.#limits.now()
    const rows = await this.#database
      .selectFrom('privacy_vault')
      .select(['token', 'sealed', 'expires_at'])
      .where('session', '=', this.#keys.id)
      .execute()
    for (const row of rows) {
      if (row.expires_at <= now) {
        this.#hasExpired = true
        continue
      }
      this.#remember(row.token, typeOf(row.token), this.#keys.open(row.token, row.sealed))
      this.expiresAt = row.expires_at
    }
  }

  /** Nothing is waiting to be stored. */
  get isSettled(): boolean {
    return this.#pending.size === 0
  }

  mask(type: string, value: string): string {
    const known = this.#placeholders.get(`${type}\0${value}`)
    if (known !== undefined) return known
    if (this.#values.size >= this.#limits.maxValues) {
      throw new PrivacyError('session_full', `the session holds ${this.#values.size} protected values already`)
    }
    for (let attempt = 0; ; attempt++) {
      const placeholder = derivePlaceholder(this.#keys.naming, type, value, attempt)
      if (this.#values.has(placeholder)) continue
      this.#remember(placeholder, type, value)
      this.#pending.set(placeholder, value)
      return placeholder
    }
  }

  lookup(placeholder: string): string | undefined {
    return this.#values.get(placeholder)
  }

  flush(): Promise<void> {
    const write = () => this.#write()
    this.#writing = this.#writing.then(write, write)
    return this.#writing
  }

  /** Stores nothing from now on. Resolves when nothing of this session is being written any more. */
  async forget(): Promise<void> {
    this.#isForgotten = true
    this.#pending.clear()
    await this.#writing.catch(() => undefined)
  }

  #remember(placeholder: string, type: string, value: string): void {
    this.#values.set(placeholder, value)
    this.#placeholders.set(`${type}\0${value}`, placeholder)
  }

  async #write(): Promise<void> {
    const now = this.#limits.now()
    // Renewed when a tenth of the time is over, so that most requests write nothing and few write old rows again.
    const isStale = now + this.#limits.ttlMs - this.expiresAt >= this.#limits.ttlMs / 10
    if (this.#isForgotten || (this.#pending.size === 0 && !isStale)) return
    const expiresAt = isStale ? now + this.#limits.ttlMs : this.expiresAt
    const batch = [...this.#pending]
    const isOneStatement = !isStale && !this.#hasExpired && batch.length <= ROWS_AT_ONCE
    if (isOneStatement) await this.#insert(this.#database, batch, expiresAt)
    else {
      await this.#database.transaction().execute(async (transaction) => {
        await this.#renew(transaction, now, expiresAt)
        for (let at = 0; at < batch.length; at += ROWS_AT_ONCE) {
          await this.#insert(transaction, batch.slice(at, at + ROWS_AT_ONCE), expiresAt)
        }
      })
    }
    this.#hasExpired = false
    this.expiresAt = expiresAt
    for (const [placeholder] of batch) this.#pending.delete(placeholder)
  }

  async #renew(transaction: Transaction<PrivacyTables>, now: number, expiresAt: number): Promise<void> {
    await transaction
      .deleteFrom('privacy_vault')
      .where('session', '=', this.#keys.id)
      .where('expires_at', '<=', now)
      .execute()
    await transaction
      .updateTable('privacy_vault')
      .set({ expires_at: expiresAt })
      .where('session', '=', this.#keys.id)
      .execute()
  }

  async #insert(database: Kysely<PrivacyTables>, batch: Batch, expiresAt: number): Promise<void> {
    if (batch.length === 0) return
    const session = this.#keys.id
    const rows = batch.map(([token, value]) => {
      return { session, token, sealed: this.#keys.seal(token, value), expires_at: expiresAt }
    })
    const result = await database
      .insertInto('privacy_vault')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['session', 'token']).doNothing())
      .executeTakeFirst()
    if (Number(result.numInsertedOrUpdatedRows) < batch.length) await this.#verifyStored(database, batch, expiresAt)
  }

  /** Another process has stored some of them already: that it meant the same values is checked. */
  async #verifyStored(database: Kysely<PrivacyTables>, batch: Batch, expiresAt: number): Promise<void> {
    const values = new Map(batch)
    const stored = await database
      .selectFrom('privacy_vault')
      .select(['token', 'sealed'])
      .where('session', '=', this.#keys.id)
      .where('token', 'in', [...values.keys()])
      .execute()
    if (stored.some(({ token, sealed }) => this.#keys.open(token, sealed) !== values.get(token))) {
      throw new PrivacyError('vault_collision', 'another process gave a placeholder of this session to another value')
    }
    await database
      .updateTable('privacy_vault')
      .set({ expires_at: expiresAt })
      .where('session', '=', this.#keys.id)
      .where('token', 'in', [...values.keys()])
      .execute()
  }
}

function typeOf(placeholder: string): string {
  return placeholder.slice(1, placeholder.indexOf('_'))
}
