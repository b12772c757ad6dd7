// Revoking an API key, and taking that back, as actions: planned without effect, applied, and proved at the door.
import { z } from 'zod'
import type { Action, ProbeResult } from '#findings'
import type { ApiKeys } from './api-keys.ts'
import type { ApiKeyRecord } from './key-record.ts'

const params = z.strictObject({ keyId: z.string().min(1).max(64) })
type Params = z.output<typeof params>

/** A further look from outside, such as through the listener itself; the action is proved only when it agrees. */
export type OuterProbe = (key: ApiKeyRecord, signal: AbortSignal) => Promise<ProbeResult>

/** Refuses a key from now on, in memory and in the store. Its inverse is `reinstate_api_key`. */
export function revokeApiKeyAction(keys: ApiKeys, outerProbe?: OuterProbe): Action<Params> {
  return {
    kind: 'revoke_api_key',
    tactic: 'evict',
    inverse: 'reinstate_api_key',
    params,
    async plan({ keyId }) {
      const key = await keys.stored(keyId)
      const isRevoked = key.revokedAt !== undefined
      return {
        effects: isRevoked ? [alreadyRevoked(key)] : effectsOfRevoking(keys, key),
        undo: isRevoked ? null : { keyId },
      }
    },
    async apply({ keyId }) {
      await keys.revoke(keyId)
    },
    async probe({ keyId }, signal) {
      const key = await keys.stored(keyId)
      const inner = askDoor(keys, key, key.revokedAt !== undefined, ['revoked'])
      return inner.ok && outerProbe !== undefined ? both(inner, await outerProbe(key, signal)) : inner
    },
  }
}

/** Takes a revocation back. A key that has expired stays refused. Its inverse is `revoke_api_key`. */
export function reinstateApiKeyAction(keys: ApiKeys): Action<Params> {
  return {
    kind: 'reinstate_api_key',
    tactic: 'restore',
    inverse: 'revoke_api_key',
    params,
    async plan({ keyId }) {
      const key = await keys.stored(keyId)
      if (key.revokedAt === undefined)
        return { effects: [`${title(key)} is not revoked; nothing changes.`], undo: null }
      const effect = `${title(key)} is accepted again, for ${key.principal} in tenant ${key.tenant}, unless it has expired.`
      return { effects: [effect], undo: { keyId } }
    },
    async apply({ keyId }) {
      await keys.reinstate(keyId)
    },
    async probe({ keyId }) {
      const key = await keys.stored(keyId)
      return askDoor(keys, key, key.revokedAt === undefined, ['accepted', 'expired'])
    },
  }
}

function effectsOfRevoking(keys: ApiKeys, key: ApiKeyRecord): string[] {
  const { principal, tenant, scopes } = key
  const others = keys
    .list()
    .filter((other) => other.id !== key.id && other.principal === principal && other.tenant === tenant)
    .filter((other) => keys.answerFor(other.id).ok)
  const state = keys.answerFor(key.id)
  return [
    state.ok
      ? `${title(key)} is refused with 401 from now on; requests that are running end as they would have.`
      : `${title(key)} is refused already (${state.reason}); revoking makes that lasting.`,
    `${principal} in tenant ${tenant} loses what this key allows: ${scopes.join(', ') || 'no scope'}.`,
    others.length === 0
      ? `${principal} has no other key in tenant ${tenant} and loses all access to it.`
      : `${principal} keeps ${others.length === 1 ? 'one other key' : `${others.length} other keys`} in tenant ${tenant}: ${listed(others)}.`,
  ]
}

function alreadyRevoked(key: ApiKeyRecord): string {
  return `${title(key)} is revoked since ${new Date(key.revokedAt ?? 0).toISOString()}; nothing changes.`
}

/**
 * Asks the table that requests are checked against, by the key's hash, since nobody knows its text any more.
 *
 * @param isStored whether the store agrees: memory alone would not outlive the process
 * @param wanted the answers that prove it
 */
function askDoor(keys: ApiKeys, key: ApiKeyRecord, isStored: boolean, wanted: readonly string[]): ProbeResult {
  const result = keys.answerFor(key.id)
  const answer = result.ok ? 'accepted' : result.reason
  const stored = key.revokedAt === undefined ? 'not revoked' : 'revoked'
  return {
    ok: isStored && wanted.includes(answer),
    detail: `authentication answers '${answer}' to key ${key.id}; the store says ${stored}`,
  }
}

function both(inner: ProbeResult, outer: ProbeResult): ProbeResult {
  return { ok: inner.ok && outer.ok, detail: `${inner.detail}; ${outer.detail}` }
}

function title(key: ApiKeyRecord): string {
  return `API key '${key.name}' (${key.id})`
}

/** Not more than a reader wants to see. */
function listed(keys: readonly ApiKeyRecord[]): string {
  const shown = keys.slice(0, 5).map((key) => `'${key.name}' (${key.id})`)
  return keys.length > shown.length ? `${shown.join(', ')} and ${keys.length - shown.length} more` : shown.join(', ')
}
