// Findings as the store has them.

import type { ExpressionBuilder, Kysely, Selectable } from 'kysely'
import { type Finding, type FindingId, type FindingState, severities } from './finding.ts'
import type { FindingsTables } from './migrations.ts'

export type FindingRow = Selectable<FindingsTables['finding']>

/** Findings, each with the place of its latest change in the log. */
export function selectFindings(database: Kysely<FindingsTables>) {
  return database
    .selectFrom('finding')
    .leftJoin('finding_change', (join) =>
      join.onRef('finding_change.subject', '=', 'finding.id').onRef('finding_change.n', '=', 'finding.changes'),
    )
    .selectAll('finding')
    .select('finding_change.log_index')
}

/** An exception that has ended is open, also before `expire` has said so. */
export function isInState(row: ExpressionBuilder<FindingsTables, 'finding'>, state: FindingState, now: number) {
  const isState = row('finding.state', '=', state)
  if (state === 'excepted') return row.and([isState, row('until', '>', now)])
  if (state !== 'open') return isState
  return row.or([isState, row.and([row('finding.state', '=', 'excepted'), row('until', '<=', now)])])
}

export function toFinding(row: FindingRow, now: number, logIndex: number | null): Finding {
  const hasEnded = row.state === 'excepted' && (row.until ?? 0) <= now
  return {
    id: row.id,
    rule: row.rule,
    asset: row.asset,
    discriminator: row.discriminator,
    severity: severities[row.severity - 1] ?? 'critical',
    title: row.title,
    description: row.description ?? undefined,
    techniques: JSON.parse(row.techniques),
    controls: JSON.parse(row.controls),
    evidence: JSON.parse(row.evidence),
    state: hasEnded ? 'open' : row.state,
    until: hasEnded ? undefined : (row.until ?? undefined),
    count: row.count,
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
    logIndex: logIndex ?? undefined,
  }
}

/** The parse boundary of ids: a text that is no id is the id of nothing. */
export function asFindingId(id: string): FindingId {
  return (/^fnd_[0-9a-f]{32}$/.test(id) ? id : 'fnd_unknown') as FindingId
}
