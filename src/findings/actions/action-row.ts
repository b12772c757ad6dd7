// Records of actions as the store has them.

import type { Kysely, Selectable } from 'kysely'
import { sha256Hex } from '#crypto'
import type { FindingsTables } from '../migrations.ts'
import type { ActionId, ActionRecord } from './record.ts'

export type ActionRow = Selectable<FindingsTables['finding_action']>

/** Records, each with the place of its latest step in the log. */
export function selectActions(database: Kysely<FindingsTables>) {
  return database
    .selectFrom('finding_action')
    .leftJoin('finding_change', (join) =>
      join
        .onRef('finding_change.subject', '=', 'finding_action.id')
        .onRef('finding_change.n', '=', 'finding_action.changes'),
    )
    .selectAll('finding_action')
    .select('finding_change.log_index')
}

export function toActionRecord(row: ActionRow, logIndex: number | null): ActionRecord {
  return {
    id: row.id,
    kind: row.kind,
    params: JSON.parse(row.params),
    state: row.state,
    isDryRun: row.is_dry_run === 1,
    effects: JSON.parse(row.effects),
    actor: row.actor,
    reason: row.reason,
    idempotencyKey: row.idempotency_key,
    probe: row.probe === null ? undefined : JSON.parse(row.probe),
    error: row.error ?? undefined,
    inverts: row.inverts ?? undefined,
    invertedBy: row.inverted_by ?? undefined,
    isReversible: row.undo !== null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    expiresAt: row.expires_at ?? undefined,
    logIndex: logIndex ?? undefined,
  }
}

/** A dry run and the real run may share a key: they are two records. */
export function actionId(kind: string, idempotencyKey: string, isDryRun: boolean): ActionId {
  return `act_${sha256Hex(JSON.stringify([kind, idempotencyKey, isDryRun])).slice(0, 32)}` as ActionId
}

/** The parse boundary of ids: a text that is no id is the id of nothing. */
export function asActionId(id: string): ActionId {
  return (/^act_[0-9a-f]{32}$/.test(id) ? id : 'act_unknown') as ActionId
}
