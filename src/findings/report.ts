// Takes in a report: a new finding, or one more sighting of a known one.

import { type Kysely, sql, type Transaction } from 'kysely'
import type { AssetId } from '#inventory'
import { StoreError } from '#store'
import type { Changes } from './changes.ts'
import { FindingsError } from './error.ts'
import {
  type CheckedReport,
  type Evidence,
  type FindingId,
  type FindingReport,
  findingId,
  reportSchema,
  severities,
  severityRank,
} from './finding.ts'
import { findingEvent } from './finding-event.ts'
import { type FindingRow, toFinding } from './finding-row.ts'
import type { FindingsTables } from './migrations.ts'
import { check } from './text.ts'

/** The first sightings tell how it began, the latest how it is now. */
const keptFirst = 5
const keptLatest = 15

/** @throws FindingsError `invalid`, `unknown_asset` */
export async function report(
  database: Kysely<FindingsTables>,
  changes: Changes,
  input: FindingReport,
  now: number,
): Promise<FindingId> {
  const found = check(reportSchema, input, 'a finding')
  const id = findingId(found.rule, found.asset, found.discriminator)
  try {
    await database.transaction().execute(async (trx) => {
      const known = await countAgain(trx, id, now)
      if (known !== undefined) await seenAgain(trx, changes, known, found, now)
      else if (!(await add(trx, changes, id, found, now))) {
        // Another writer was first, between the two statements.
        const other = await countAgain(trx, id, now)
        if (other !== undefined) await seenAgain(trx, changes, other, found, now)
      }
    })
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'foreign_key') throw error
    throw new FindingsError('unknown_asset', 'a finding is about an asset of the inventory; add it first', {
      cause: error,
    })
  }
  return id
}

function countAgain(trx: Transaction<FindingsTables>, id: FindingId, now: number): Promise<FindingRow | undefined> {
  return trx
    .updateTable('finding')
    .set({ count: sql<number>`count + 1`, last_seen: now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
}

/** False when the finding is there already. */
async function add(
  trx: Transaction<FindingsTables>,
  changes: Changes,
  id: FindingId,
  found: CheckedReport,
  now: number,
): Promise<boolean> {
  const { rule, discriminator } = found
  const row: FindingRow = {
    id,
    rule,
    asset: found.asset as AssetId, // its form was checked; whether it exists, the foreign key says
    discriminator,
    ...described(found),
    evidence: JSON.stringify(found.evidence),
    state: 'open',
    until: null,
    count: 1,
    first_seen: now,
    last_seen: now,
    changes: 1,
  }
  const added = await trx
    .insertInto('finding')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (added === undefined) return false
  const detail = 'found'
  await changes.add(trx, id, 1, { state: 'open', at: now, by: rule, detail }, (uid) =>
    findingEvent(toFinding(row, now, null), { uid, at: now, by: undefined, detail }, 'create'),
  )
  return true
}

async function seenAgain(
  trx: Transaction<FindingsTables>,
  changes: Changes,
  known: FindingRow,
  found: CheckedReport,
  now: number,
): Promise<void> {
  const detail = whatChanged(known, found, now)
  const isOpenAgain = detail !== undefined && !isSettled(known, now)
  const row: FindingRow = {
    ...known,
    ...described(found),
    evidence: JSON.stringify(mergeEvidence(JSON.parse(known.evidence), found.evidence)),
    ...(isOpenAgain && known.state !== 'acknowledged' ? { state: 'open', until: null } : {}),
    changes: known.changes + (detail === undefined ? 0 : 1),
  }
  await trx.updateTable('finding').set(row).where('id', '=', row.id).execute()
  if (detail === undefined) return
  const { state } = row
  await changes.add(trx, row.id, row.changes, { state, at: now, by: row.rule, detail }, (uid) =>
    findingEvent(toFinding(row, now, null), { uid, at: now, by: undefined, detail }, 'update'),
  )
}

/** Somebody has decided about it, and the decision stands. */
function isSettled({ state, until }: FindingRow, now: number): boolean {
  return state === 'false_positive' || (state === 'excepted' && (until ?? 0) > now)
}

/** What is worth an entry in the log; a mere repetition is not, or the log would be as long as the attack. */
function whatChanged(known: FindingRow, found: CheckedReport, now: number): string | undefined {
  if (known.state === 'resolved') return 'seen again after it was resolved'
  if (known.state === 'excepted' && !isSettled(known, now)) return 'seen again after the exception has ended'
  const before = severities[known.severity - 1]
  return before === found.severity ? undefined : `severity was ${before}, is ${found.severity}`
}

function described({ severity, title, description, techniques, controls }: CheckedReport) {
  return {
    severity: severityRank(severity),
    title,
    description: description ?? null,
    techniques: JSON.stringify(techniques),
    controls: JSON.stringify(controls),
  }
}

function mergeEvidence(known: readonly Evidence[], found: readonly Evidence[]): readonly Evidence[] {
  const texts = new Set([...known, ...found].map((piece) => JSON.stringify(piece)))
  const all: Evidence[] = [...texts].map((text) => JSON.parse(text))
  if (all.length <= keptFirst + keptLatest) return all
  return [...all.slice(0, keptFirst), ...all.slice(-keptLatest)]
}
