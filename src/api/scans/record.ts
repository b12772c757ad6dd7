// A scan as it is stored, as it is shown, and as it stands in the log.
import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { ScanReport } from '#artifacts'
import { entityManagement, type OcsfEvent } from '#audit'
import type { ApiTables, ScanState } from './migrations.ts'
import { reportSchema, type ScanReportBody } from './report.ts'

export interface ScanRecord {
  readonly id: string
  readonly state: ScanState
  readonly source: string
  readonly name: string
  readonly threshold: string
  /** False also when the scan failed: what was not judged is not let in. */
  readonly admitted: boolean | undefined
  readonly reasons: readonly string[]
  readonly principal: string
  readonly createdAt: number
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
  readonly report: ScanReportBody | undefined
}

export type ScanRow = Selectable<ApiTables['api_scan']>

/** Reports are long; lists do without. */
export const listed = [
  'id',
  'state',
  'source',
  'name',
  'threshold',
  'principal',
  'admitted',
  'reasons',
  'created_at',
  'started_at',
  'finished_at',
] as const

export function isSettled({ state }: ScanRecord): boolean {
  return state === 'done' || state === 'failed'
}

export function recordOf(row: Pick<ScanRow, (typeof listed)[number] | 'report'>): ScanRecord {
  return {
    id: row.id,
    state: row.state,
    source: row.source,
    name: row.name,
    threshold: row.threshold,
    admitted: row.admitted === null ? undefined : row.admitted === 1,
    reasons: z.array(z.string()).parse(JSON.parse(row.reasons)),
    principal: row.principal,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    report: row.report === null ? undefined : reportSchema.parse(JSON.parse(row.report)),
  }
}

/** A verdict lets a file in, or keeps it out: that belongs on record like any other decision. */
export function verdictEvent(
  { id, source, name, threshold, principal, tenant }: ScanRow,
  outcome: { report: ScanReport } | { error: string },
  admitted: boolean,
  error: string | null,
  moment: { readonly time: number; readonly uid: string },
): OcsfEvent {
  const summary = 'report' in outcome ? outcome.report.summary : undefined
  const only = 'report' in outcome && outcome.report.files.length === 1 ? outcome.report.files[0] : undefined
  return entityManagement({
    ...moment,
    tenant,
    activity: 'other',
    entity: {
      type: 'scan',
      uid: id,
      name: name.slice(-512),
      data: {
        source,
        threshold,
        admitted,
        result: summary?.result,
        failing: summary?.failing,
        sha256: only?.sha256,
        error,
      },
    },
    actor: { principal, kind: 'unknown' },
    status: error === null ? 'success' : 'failure',
    statusDetail: error ?? undefined,
  })
}
