// Takes actions back: on request, and when the time for which they were meant is over.

import { FindingsError } from '../error.ts'
import { type ActionRow, actionId } from './action-row.ts'
import type { ActionJournal } from './journal.ts'
import type { ActionId, ActionRecord } from './record.ts'
import type { Runner } from './runner.ts'

/** The first failed attempt is repeated after a minute, each further one after twice the time, at most an hour. */
const firstRetryMs = 60_000
const longestRetryMs = 3_600_000

export interface Expired {
  readonly inverted: readonly ActionRecord[]
  readonly failed: readonly FailedInversion[]
}

export interface FailedInversion {
  /** The record that is still in force. */
  readonly id: string
  readonly message: string
}

interface Who {
  readonly actor: string
  readonly reason: string
}

/** @throws FindingsError `unknown_action`, `not_allowed`, `not_recorded` */
export async function invert(runner: Runner, journal: ActionJournal, id: ActionId, who: Who): Promise<ActionRecord> {
  const row = await journal.row(id)
  if (row === undefined) throw new FindingsError('unknown_action', 'there is no record with this id')
  if (row.inverted_by !== null) return journal.record(row.inverted_by)
  if (row.state === 'planned') throw new FindingsError('not_allowed', `${id} was only planned; nothing was changed`)
  if (runner.isUnderWay(id)) throw new FindingsError('not_allowed', `${id} is under way`)
  const { inverse } = runner.require(row.kind)
  if (row.undo === null || inverse === null) throw new FindingsError('not_allowed', `${id} has nothing to take back`)

  // One key for each attempt: two who ask at once get one inversion, one who asks after a failure gets another.
  const idempotencyKey = `invert:${id}:${await journal.failedInversions(id)}`
  const inverseId = actionId(inverse, idempotencyKey, false)
  const action = runner.require(inverse)
  const record = await runner.run(inverseId, {
    action,
    params: row.undo,
    ...who,
    idempotencyKey,
    isDryRun: false,
    inverts: id,
  })
  const wasInterrupted = record.state === 'planned' || record.state === 'applying' || record.state === 'applied'
  return wasInterrupted ? runner.resume(inverseId) : record
}

export async function expire(runner: Runner, journal: ActionJournal, now: () => number): Promise<Expired> {
  const inverted: ActionRecord[] = []
  const failed: FailedInversion[] = []
  for (const row of await journal.due(now())) {
    if (runner.isUnderWay(row.id)) continue
    const heir = await journal.heirOf(row, now())
    if (heir !== undefined) {
      await journal.handOver(row, heir, runner.require(row.kind).tactic)
      continue
    }
    const outcome = await attempt(runner, journal, row)
    if ('record' in outcome) {
      inverted.push(outcome.record)
    } else {
      failed.push({ id: row.id, message: outcome.message })
      const attempts = await journal.failedInversions(row.id)
      await journal.postpone(row, now() + Math.min(longestRetryMs, firstRetryMs * 2 ** Math.max(0, attempts - 1)))
    }
  }
  return { inverted, failed }
}

async function attempt(
  runner: Runner,
  journal: ActionJournal,
  row: ActionRow,
): Promise<{ record: ActionRecord } | { message: string }> {
  try {
    const reason = `the time limit of ${row.time_limit_ms} ms is over`
    const record = await invert(runner, journal, row.id, { actor: 'holdfast', reason })
    return record.state === 'verified' ? { record } : { message: record.error ?? `${record.id} is ${record.state}` }
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error) }
  }
}
