// Moves a finding to another state, with who and why.

import { type Kysely, sql, type Transaction } from 'kysely'
import { z } from 'zod'
import type { Changes } from './changes.ts'
import { FindingsError } from './error.ts'
import { type FindingId, type FindingState, findingStates } from './finding.ts'
import { findingEvent } from './finding-event.ts'
import { asFindingId, type FindingRow, toFinding } from './finding-row.ts'
import type { FindingsTables } from './migrations.ts'
import { check, cleaned } from './text.ts'

export interface TransitionReason {
  readonly by: string
  readonly reason: string
  /** Required for `excepted`: when the exception ends, ms since the epoch, in the future. */
  readonly until?: number
}

const transitionSchema = z.strictObject({
  to: z.enum(findingStates),
  by: cleaned(200),
  reason: cleaned(1000),
  until: z.int().optional(),
})

/** @throws FindingsError `invalid`, `unknown_finding`, `not_allowed` */
export async function transition(
  database: Kysely<FindingsTables>,
  changes: Changes,
  id: string,
  target: FindingState,
  why: TransitionReason,
  now: number,
): Promise<FindingId> {
  const { to, by, reason, until } = check(transitionSchema, { to: target, ...why }, 'a change of a finding')
  if ((to === 'excepted') !== (until !== undefined)) {
    throw new FindingsError('invalid', 'an exception, and nothing else, has a time at which it ends (until)')
  }
  if (until !== undefined && until <= now) throw new FindingsError('invalid', 'an exception ends in the future')
  return database.transaction().execute(async (trx) => {
    const row = await lock(trx, asFindingId(id))
    if (row === undefined) throw new FindingsError('unknown_finding', 'there is no finding with this id')
    if (row.state === to && to !== 'excepted') {
      throw new FindingsError('not_allowed', `the finding is ${to.replace('_', ' ')} already`)
    }
    await move(trx, changes, row, { state: to, until: until ?? null }, { at: now, by, detail: reason })
    return row.id
  })
}

/** Opens a finding whose exception has ended; false when it was prolonged or changed in the meantime. */
export function endException(
  database: Kysely<FindingsTables>,
  changes: Changes,
  id: FindingId,
  now: number,
): Promise<boolean> {
  return database.transaction().execute(async (trx) => {
    const row = await lock(trx, id)
    if (row?.state !== 'excepted' || row.until === null || row.until > now) return false
    const why = { at: now, by: 'holdfast', detail: 'the exception has ended' }
    await move(trx, changes, row, { state: 'open', until: null }, why)
    return true
  })
}

/** Reads by an update that changes nothing: it takes the lock of the row where several can write at once. */
function lock(trx: Transaction<FindingsTables>, id: FindingId): Promise<FindingRow | undefined> {
  return trx
    .updateTable('finding')
    .set({ changes: sql<number>`changes` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
}

async function move(
  trx: Transaction<FindingsTables>,
  changes: Changes,
  row: FindingRow,
  to: { readonly state: FindingState; readonly until: number | null },
  { at, by, detail }: { readonly at: number; readonly by: string; readonly detail: string },
): Promise<void> {
  const moved = { ...to, changes: row.changes + 1 }
  await trx.updateTable('finding').set(moved).where('id', '=', row.id).execute()
  const finding = toFinding({ ...row, ...moved }, at, null)
  await changes.add(trx, row.id, moved.changes, { state: to.state, at, by, detail }, (uid) =>
    findingEvent(finding, { uid, at, by, detail }, 'update'),
  )
}
