// The history of findings and actions, and the way of its events into the log. A change is stored together with its
// event in one transaction, and the event leaves for the log afterwards; so neither a crash nor a log that is down for
// a while can make a change that the log never hears of. An event may arrive twice, with the same `metadata.uid`.

import type { Kysely, Transaction } from 'kysely'
import type { OcsfEvent } from '#audit'
import { FindingsError } from './error.ts'
import type { FindingsTables } from './migrations.ts'

/** One step in the life of a finding or an action. */
export interface Change {
  readonly state: string
  /** ms since the epoch. */
  readonly at: number
  readonly by: string
  readonly detail: string
  /** Its place in the log; undefined while the log does not have it. */
  readonly logIndex: number | undefined
}

export interface Changes {
  /** Adds change number `n` of `subject`; `event` gets the event's id. */
  add(
    transaction: Transaction<FindingsTables>,
    subject: string,
    n: number,
    change: Omit<Change, 'logIndex'>,
    event: (uid: string) => OcsfEvent,
  ): Promise<void>
  /** Sends what the log does not have yet of one subject, in order. @throws FindingsError `not_recorded` */
  send(subject: string): Promise<void>
  /** The same for all subjects. */
  sendAll(): Promise<void>
  history(subject: string): Promise<readonly Change[]>
}

/** Writes to the log and resolves once it is durable there. */
export type RecordEvent = (event: OcsfEvent) => Promise<{ readonly index: number }>

export function openChanges(database: Kysely<FindingsTables>, record: RecordEvent): Changes {
  const underWay = new Map<string, Promise<void>>()

  /** One at a time for a subject, so that its events reach the log once and in order. */
  const send = (subject: string): Promise<void> => {
    const before = underWay.get(subject) ?? Promise.resolve()
    const sending = before
      .catch(() => undefined) // whoever asked for it has heard of it
      .then(() => sendWaiting(database, record, subject))
      .finally(() => {
        if (underWay.get(subject) === sending) underWay.delete(subject)
      })
    underWay.set(subject, sending)
    return sending
  }

  return {
    add: async (transaction, subject, n, { state, at, by, detail }, event) => {
      const text = JSON.stringify(event(`${subject}-${n}`))
      await transaction
        .insertInto('finding_change')
        .values({ subject, n, state, at, actor: by, detail, event: text, log_index: null })
        .execute()
    },
    send,
    sendAll: async () => {
      const waiting = database.selectFrom('finding_change').select('subject').where('event', 'is not', null)
      for (const { subject } of await waiting.distinct().orderBy('subject').execute()) await send(subject)
    },
    history: async (subject) => {
      const rows = await database
        .selectFrom('finding_change')
        .select(['state', 'at', 'actor as by', 'detail', 'log_index'])
        .where('subject', '=', subject)
        .orderBy('n')
        .execute()
      return rows.map(({ log_index: logIndex, ...change }) => ({ ...change, logIndex: logIndex ?? undefined }))
    },
  }
}

async function sendWaiting(database: Kysely<FindingsTables>, record: RecordEvent, subject: string): Promise<void> {
  const waiting = await database
    .selectFrom('finding_change')
    .select(['n', 'event'])
    .where('subject', '=', subject)
    .where('event', 'is not', null)
    .orderBy('n')
    .execute()
  for (const { n, event } of waiting) {
    const { index } = await recordOrExplain(record, subject, JSON.parse(event ?? ''))
    await database
      .updateTable('finding_change')
      .set({ event: null, log_index: index })
      .where('subject', '=', subject)
      .where('n', '=', n)
      .execute()
  }
}

async function recordOrExplain(
  record: RecordEvent,
  subject: string,
  event: OcsfEvent,
): Promise<{ readonly index: number }> {
  try {
    return await record(event)
  } catch (error) {
    const message = `a change of ${subject} is stored but the log could not take it; it is kept and sent again`
    throw new FindingsError('not_recorded', message, { cause: error })
  }
}
