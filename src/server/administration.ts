// What an operator may change: one interface, carried out by whoever holds the installation. While a gateway
// runs that is the gateway, reached over its control socket, so that a revoked key is refused at once;
// otherwise the command opens the installation itself.

import type { ArtifactRecord } from '#artifacts'
import { type Actor, entityManagement } from '#audit'
import {
  type ActionFilter,
  type ActionRecord,
  type Change,
  type Finding,
  type FindingFilter,
  type FindingState,
  FindingsError,
} from '#findings'
import type { ApiKeyRecord, CreatedApiKey, NewApiKey } from '#identity'
import type { BudgetState } from '#limits'
import { backupEvent } from './backup-event.ts'
import type { Installation } from './installation.ts'
import type { World } from './world.ts'

export interface Administration {
  /** @param actor  the operator at this machine when left out */
  createKey(input: NewApiKey, actor?: Actor): Promise<CreatedApiKey>
  listKeys(): Promise<readonly ApiKeyRecord[]>
  revokeKey(input: RevokeKey): Promise<ActionRecord>
  /** What is spent and reserved in the windows of now. */
  listBudgets(): Promise<readonly BudgetState[]>
  /** Says in the log that a backup is made, and puts all that is durable under a checkpoint. */
  recordBackup(input: { readonly id: string }): Promise<object>
  /** Adds a scanned file to the inventory, and what was found in it to the findings. */
  recordArtifact(input: ArtifactRecord): Promise<object>
  listFindings(filter: FindingFilter): Promise<readonly Finding[]>
  /** @throws FindingsError `unknown_finding` */
  showFinding(input: { readonly id: string }): Promise<FindingWithHistory>
  /** @throws FindingsError `invalid`, `unknown_finding`, `not_allowed` */
  transitionFinding(input: TransitionFinding): Promise<Finding>
  listActions(filter: ActionFilter): Promise<readonly ActionRecord[]>
  /** @throws FindingsError `unknown_action` */
  showAction(input: { readonly id: string }): Promise<ActionWithHistory>
  /** @returns the record of the inverse @throws FindingsError `unknown_action`, `not_allowed` */
  invertAction(input: DecideAction): Promise<ActionRecord>
  /** Goes on with what a crash interrupted. @throws FindingsError `unknown_action`, `not_allowed` */
  resumeAction(input: { readonly id: string }): Promise<ActionRecord>
}

export interface FindingWithHistory {
  readonly finding: Finding
  readonly history: readonly Change[]
}

export interface TransitionFinding {
  readonly id: string
  readonly to: FindingState
  readonly by: string
  readonly reason: string
  /** ms since the epoch; of an exception, and of nothing else. */
  readonly until?: number | undefined
}

export interface ActionWithHistory {
  readonly action: ActionRecord
  readonly history: readonly Change[]
}

export interface DecideAction {
  readonly id: string
  readonly actor: string
  readonly reason: string
}

export interface RevokeKey {
  readonly id: string
  readonly reason: string
  readonly actor: string
  readonly dryRun: boolean
  /** The same gives the same record, and revokes once. */
  readonly idempotencyKey?: string | undefined
}

export function administer(installation: Installation, world: World): Administration {
  const { keys, actions, inventory, findings, log, budgets } = installation
  return {
    async createKey(input, actor = operator) {
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
            actor,
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
    async revokeKey({
      id,
      reason,
      actor,
      dryRun,
      idempotencyKey = `${dryRun ? 'plan' : 'revoke'}:${id}:${world.now()}`,
    }) {
      const record = await actions.run('revoke_api_key', { keyId: id }, { actor, reason, dryRun, idempotencyKey })
      // So that the proof which is named to the operator can be made at once.
      await log.checkpoint()
      return record
    },
    listFindings: (filter) => findings.list(filter),
    async showFinding({ id }) {
      const finding = await findings.get(id)
      if (finding === undefined) throw new FindingsError('unknown_finding', 'there is no finding with this id')
      return { finding, history: await findings.history(id) }
    },
    transitionFinding: ({ id, to, by, reason, until }) =>
      findings.transition(id, to, { by, reason, ...(until !== undefined && { until }) }),
    listActions: (filter) => actions.list(filter),
    async showAction({ id }) {
      const action = await actions.get(id)
      if (action === undefined) throw new FindingsError('unknown_action', 'there is no action with this id')
      return { action, history: await actions.history(id) }
    },
    async invertAction({ id, actor, reason }) {
      const record = await actions.invert(id, { actor, reason })
      await log.checkpoint()
      return record
    },
    async resumeAction({ id }) {
      const record = await actions.resume(id)
      await log.checkpoint()
      return record
    },
  }
}

const operator: Actor = { principal: 'operator', kind: 'admin' }
