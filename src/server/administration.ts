// What an operator may change: one interface, carried out by whoever holds the installation. While a gateway
// runs that is the gateway, reached over its control socket, so that a revoked key is refused at once;
// otherwise the command opens the installation itself.

import type { ArtifactRecord } from '#artifacts'
import { entityManagement } from '#audit'
import type { ActionRecord } from '#findings'
import type { ApiKeyRecord, CreatedApiKey, NewApiKey } from '#identity'
import type { BudgetState } from '#limits'
import { backupEvent } from './backup-event.ts'
import type { Installation } from './installation.ts'
import type { World } from './world.ts'

export interface Administration {
  createKey(input: NewApiKey): Promise<CreatedApiKey>
  listKeys(): Promise<readonly ApiKeyRecord[]>
  revokeKey(input: RevokeKey): Promise<ActionRecord>
  /** What is spent and reserved in the windows of now. */
  listBudgets(): Promise<readonly BudgetState[]>
  /** Says in the log that a backup is made, and puts all that is durable under a checkpoint. */
  recordBackup(input: { readonly id: string }): Promise<object>
  /** Adds a scanned file to the inventory, and what was found in it to the findings. */
  recordArtifact(input: ArtifactRecord): Promise<object>
}

export interface RevokeKey {
  readonly id: string
  readonly reason: string
  readonly actor: string
  readonly dryRun: boolean
}

export function administer(installation: Installation, world: World): Administration {
  const { keys, actions, inventory, findings, log, budgets } = installation
  return {
    async createKey(input) {
      // Nobody gets a key that is not on record, and none that could not be recorded stays.
      return keys.create(input, async (key) => {
        await inventory.upsert({
          kind: 'api_key',
          identity: key.id,
          name: key.name,
          owner: key.principal,
          labels: { tenant: key.tenant },
        })
        await log.append(
          entityManagement({
            time: world.now(),
            uid: world.id('ev'),
            tenant: key.tenant,
            activity: 'create',
            entity: {
              type: 'api_key',
              uid: key.id,
              name: key.name,
              data: { principal: key.principal, scopes: key.scopes, expires_at: key.expiresAt },
            },
            actor: { principal: 'operator', kind: 'admin' },
            status: 'success',
          }),
        )
      })
    },
    listKeys: async () => keys.list(),
    listBudgets: async () => budgets.list(),
    async recordBackup({ id }) {
      await log.append(backupEvent(id, 'create', world))
      await log.checkpoint()
      return {}
    },
    async recordArtifact({ asset, findings: found }) {
      const { id: known } = await inventory.upsert(asset)
      for (const each of found) await findings.report({ ...each, asset: known })
      return {}
    },
    async revokeKey({ id, reason, actor, dryRun }) {
      const idempotencyKey = `${dryRun ? 'plan' : 'revoke'}:${id}:${world.now()}`
      const record = await actions.run('revoke_api_key', { keyId: id }, { actor, reason, dryRun, idempotencyKey })
      // So that the proof which is named to the operator can be made at once.
      await log.checkpoint()
      return record
    },
  }
}
