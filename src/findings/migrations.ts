// The tables of this room. They refer to the inventory's, whose migrations come first.

import { sql } from 'kysely'
import type { AssetId } from '#inventory'
import type { Migration } from '#store'
import type { ActionId, ActionState } from './actions/record.ts'
import type { FindingId, FindingState } from './finding.ts'

export interface FindingsTables {
  finding: {
    id: FindingId
    rule: string
    asset: AssetId
    discriminator: string
    /** 1 informational to 5 critical. */
    severity: number
    title: string
    description: string | null
    /** JSON. */
    techniques: string
    /** JSON. */
    controls: string
    /** JSON. */
    evidence: string
    state: FindingState
    /** When an exception ends. */
    until: number | null
    count: number
    first_seen: number
    last_seen: number
    /** How many changes there are; the number of the latest. */
    changes: number
  }
  finding_action: {
    id: ActionId
    kind: string
    /** JSON. */
    params: string
    actor: string
    reason: string
    idempotency_key: string
    is_dry_run: number
    state: ActionState
    /** JSON. */
    effects: string
    /** JSON; null when there is nothing to take back. */
    undo: string | null
    /** JSON. */
    probe: string | null
    error: string | null
    inverts: ActionId | null
    inverted_by: ActionId | null
    time_limit_ms: number | null
    created_at: number
    updated_at: number
    expires_at: number | null
    /** When the inverse is due: `expires_at` at first, later after a failed attempt; null when not or no longer. */
    invert_at: number | null
    changes: number
  }
  finding_change: {
    /** A finding or an action. */
    subject: string
    /** From 1. */
    n: number
    state: string
    at: number
    actor: string
    detail: string
    /** The event as JSON until the log has it, then null. */
    event: string | null
    /** Its place in the log, once it is there. */
    log_index: number | null
  }
}

export const findingsMigrations: readonly Migration[] = [
  {
    id: 'findings/0001-findings-and-actions',
    up: ({ schema }) => [
      schema
        .createTable('finding')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('rule', 'text', (column) => column.notNull())
        .addColumn('asset', 'text', (column) => column.notNull().references('asset.id'))
        .addColumn('discriminator', 'text', (column) => column.notNull())
        .addColumn('severity', 'integer', (column) => column.notNull())
        .addColumn('title', 'text', (column) => column.notNull())
        .addColumn('description', 'text')
        .addColumn('techniques', 'text', (column) => column.notNull())
        .addColumn('controls', 'text', (column) => column.notNull())
        .addColumn('evidence', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('until', 'integer')
        .addColumn('count', 'integer', (column) => column.notNull())
        .addColumn('first_seen', 'integer', (column) => column.notNull())
        .addColumn('last_seen', 'integer', (column) => column.notNull())
        .addColumn('changes', 'integer', (column) => column.notNull())
        .addUniqueConstraint('finding_identity', ['rule', 'asset', 'discriminator']),
      schema.createIndex('finding_asset').on('finding').column('asset'),
      schema.createIndex('finding_state').on('finding').columns(['state', 'severity', 'last_seen']),
      schema
        .createTable('finding_action')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('params', 'text', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('idempotency_key', 'text', (column) => column.notNull())
        .addColumn('is_dry_run', 'integer', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('effects', 'text', (column) => column.notNull())
        .addColumn('undo', 'text')
        .addColumn('probe', 'text')
        .addColumn('error', 'text')
        .addColumn('inverts', 'text', (column) => column.references('finding_action.id'))
        .addColumn('inverted_by', 'text', (column) => column.references('finding_action.id'))
        .addColumn('time_limit_ms', 'integer')
        .addColumn('created_at', 'integer', (column) => column.notNull())
        .addColumn('updated_at', 'integer', (column) => column.notNull())
        .addColumn('expires_at', 'integer')
        .addColumn('invert_at', 'integer')
        .addColumn('changes', 'integer', (column) => column.notNull())
        .addUniqueConstraint('finding_action_key', ['kind', 'idempotency_key', 'is_dry_run']),
      schema.createIndex('finding_action_invert_at').on('finding_action').column('invert_at'),
      schema.createIndex('finding_action_inverts').on('finding_action').column('inverts'),
      schema.createIndex('finding_action_state').on('finding_action').columns(['state', 'created_at']),
      schema
        .createTable('finding_change')
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('n', 'integer', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('at', 'integer', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('detail', 'text', (column) => column.notNull())
        .addColumn('event', 'text')
        .addColumn('log_index', 'integer')
        .addPrimaryKeyConstraint('finding_change_key', ['subject', 'n']),
      schema
        .createIndex('finding_change_unsent')
        .on('finding_change')
        .columns(['subject', 'n'])
        .where(sql.ref('event'), 'is not', null),
    ],
  },
]
