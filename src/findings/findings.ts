// Findings: reported by detectors and scanners, moved through their life by people.

import type { Kysely } from 'kysely'
import type { AssetId } from '#inventory'
import { type Change, openChanges, type RecordEvent } from './changes.ts'
import { FindingsError } from './error.ts'
import { type Finding, type FindingReport, type FindingSeverity, type FindingState, severityRank } from './finding.ts'
import { asFindingId, isInState, selectFindings, toFinding } from './finding-row.ts'
import type { FindingsTables } from './migrations.ts'
import { report } from './report.ts'
import { clean } from './text.ts'
import { endException, type TransitionReason, transition } from './transition.ts'

export interface Findings {
  /**
   * Stores what was found, or counts it if it is known. Opens it again if it was resolved; leaves it alone if it is
   * excepted or a false positive. New and changed findings become events, mere repetitions do not.
   * @throws FindingsError `invalid`, `unknown_asset`, `not_recorded`
   */
  report(report: FindingReport): Promise<Finding>
  /** @throws FindingsError `invalid`, `unknown_finding`, `not_allowed`, `not_recorded` */
  transition(id: string, to: FindingState, why: TransitionReason): Promise<Finding>
  get(id: string): Promise<Finding | undefined>
  /** The gravest first, then the latest. */
  list(filter?: FindingFilter): Promise<readonly Finding[]>
  history(id: string): Promise<readonly Change[]>
  /** Opens findings whose exception has ended. Call it now and then; they count as open even before. */
  expire(): Promise<readonly Finding[]>
  /** Sends to the log what it could not take before. Call it at start. @throws FindingsError `not_recorded` */
  recover(): Promise<void>
}

export interface FindingFilter {
  readonly state?: FindingState | readonly FindingState[]
  readonly minSeverity?: FindingSeverity
  readonly asset?: string
  readonly rule?: string
  /** 1 to 1000; 100 if left out. */
  readonly limit?: number
  readonly offset?: number
  /** Only those behind this one in the order of the list: the end of one page is the beginning of the next. */
  readonly after?: { readonly severity: FindingSeverity; readonly lastSeen: number; readonly id: string }
}

export interface FindingsOptions {
  /** A store to which `inventoryMigrations` and `findingsMigrations` were applied. */
  readonly database: Kysely<FindingsTables>
  readonly now: () => number
  /** Resolves when the event is durable in the log. */
  readonly record: RecordEvent
}

export function openFindings({ database, now, record }: FindingsOptions): Findings {
  const changes = openChanges(database, record)
  const get = async (id: string) => {
    const row = await selectFindings(database).where('finding.id', '=', asFindingId(id)).executeTakeFirst()
    return row && toFinding(row, now(), row.log_index)
  }
  /** Nobody is told of a change that the log does not have. */
  const sendAndRead = async (id: string) => {
    await changes.send(id)
    const finding = await get(id)
    if (finding === undefined) throw new FindingsError('unknown_finding', 'the finding is no longer there')
    return finding
  }
  return {
    report: async (found) => sendAndRead(await report(database, changes, found, now())),
    transition: async (id, to, why) => sendAndRead(await transition(database, changes, id, to, why, now())),
    get,
    list: (filter = {}) => list(database, filter, now()),
    history: (id) => changes.history(asFindingId(id)),
    expire: async () => {
      const ended = database
        .selectFrom('finding')
        .select('id')
        .where('state', '=', 'excepted')
        .where('until', '<=', now())
      const reopened: Finding[] = []
      for (const { id } of await ended.orderBy('id').execute()) {
        if (await endException(database, changes, id, now())) reopened.push(await sendAndRead(id))
      }
      return reopened
    },
    recover: () => changes.sendAll(),
  }
}

async function list(database: Kysely<FindingsTables>, filter: FindingFilter, now: number): Promise<readonly Finding[]> {
  let query = selectFindings(database)
    .orderBy('severity', 'desc')
    .orderBy('last_seen', 'desc')
    .orderBy('finding.id')
    .limit(Math.min(1000, Math.max(1, Math.trunc(filter.limit ?? 100))))
    .offset(Math.max(0, Math.trunc(filter.offset ?? 0)))
  if (filter.state !== undefined) {
    const states = [filter.state].flat()
    query = query.where((row) => row.or(states.map((state) => isInState(row, state, now))))
  }
  if (filter.minSeverity !== undefined) query = query.where('severity', '>=', severityRank(filter.minSeverity))
  if (filter.asset !== undefined) query = query.where('asset', '=', clean(filter.asset, 64) as AssetId)
  if (filter.rule !== undefined) query = query.where('rule', '=', clean(filter.rule, 200))
  const { after } = filter
  if (after !== undefined) {
    const rank = severityRank(after.severity)
    query = query.where((row) =>
      row.or([
        row('severity', '<', rank),
        row.and([row('severity', '=', rank), row('last_seen', '<', after.lastSeen)]),
        row.and([
          row('severity', '=', rank),
          row('last_seen', '=', after.lastSeen),
          row('finding.id', '>', asFindingId(after.id)),
        ]),
      ]),
    )
  }
  return (await query.execute()).map((row) => toFinding(row, now, row.log_index))
}
