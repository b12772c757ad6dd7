// Actions: planned, applied within a time, proved by a probe, and taken back, by hand or when their time is over.

import type { Kysely } from 'kysely'
import { z } from 'zod'
import { type Change, openChanges, type RecordEvent } from '../changes.ts'
import { FindingsError } from '../error.ts'
import type { FindingsTables } from '../migrations.ts'
import { check, clean, cleaned } from '../text.ts'
import type { Action } from './action.ts'
import { actionId, asActionId, selectActions, toActionRecord } from './action-row.ts'
import { type AnyAction, erase } from './any-action.ts'
import { type Expired, expire, invert } from './inversion.ts'
import { ActionJournal } from './journal.ts'
import type { ActionRecord, ActionState } from './record.ts'
import { Runner } from './runner.ts'

export interface Actions {
  /** @throws FindingsError `conflict` when the kind is registered already */
  register<Params>(action: Action<Params>): void
  /**
   * Plans, applies and proves; a dry run only plans. The same kind and idempotency key give the same record, and are
   * run once, however often and however simultaneously they come.
   * @returns the record, `verified` or `failed` (a dry run: `planned`)
   * @throws FindingsError `unknown_action`, `invalid`, `not_allowed`, `conflict`, `not_recorded`, and what the plan throws
   */
  run(kind: string, params: unknown, request: ActionRequest): Promise<ActionRecord>
  /**
   * Takes an action back by running its inverse. The original becomes `inverted` when the inverse is proved.
   * @returns the record of the inverse
   * @throws FindingsError `unknown_action`, `not_allowed`, `not_recorded`
   */
  invert(id: string, request: { readonly actor: string; readonly reason: string }): Promise<ActionRecord>
  /** Goes on with a record that a crash interrupted: applies again what may be half-done, and probes. */
  resume(id: string): Promise<ActionRecord>
  /** Gives up a record that a crash interrupted: probes, and marks it failed. */
  abandon(id: string, request: { readonly actor: string; readonly reason: string }): Promise<ActionRecord>
  /**
   * Takes back what has been in force for its time. Call it now and then. What could not be taken back is listed, and
   * tried again after a minute, and then ever more rarely, up to an hour.
   */
  expire(): Promise<Expired>
  /** Sends to the log what it could not take before. Call it at start. @throws FindingsError `not_recorded` */
  recover(): Promise<void>
  get(id: string): Promise<ActionRecord | undefined>
  /** The latest first. */
  list(filter?: ActionFilter): Promise<readonly ActionRecord[]>
  history(id: string): Promise<readonly Change[]>
}

export interface ActionRequest {
  readonly actor: string
  readonly reason: string
  /** 1 to 256 characters; see `run`. A dry run does not use up a key. */
  readonly idempotencyKey: string
  readonly dryRun?: boolean
  /** How long the action stays in force before its inverse is applied, in ms, up to ten years; for ever if left out. */
  readonly timeLimitMs?: number
}

export interface ActionFilter {
  readonly kind?: string
  readonly state?: ActionState
  /** Only what a crash interrupted, or what is under way. */
  readonly unfinished?: boolean
  /** 1 to 1000; 100 if left out. */
  readonly limit?: number
  readonly offset?: number
  /** Only those behind this one in the order of the list: the end of one page is the beginning of the next. */
  readonly after?: { readonly createdAt: number; readonly id: string }
}

export interface ActionsOptions {
  /** A store to which `inventoryMigrations` and `findingsMigrations` were applied. */
  readonly database: Kysely<FindingsTables>
  readonly now: () => number
  /** Resolves when the event is durable in the log. */
  readonly record: RecordEvent
  /** How long one plan, application or probe may take, in ms; 30 seconds if left out. */
  readonly executionTimeoutMs?: number
}

const requestSchema = z.strictObject({
  actor: cleaned(200),
  reason: cleaned(1000),
  idempotencyKey: z
    .string()
    .min(1)
    .max(256)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), { error: 'must be text without NUL' }),
  dryRun: z.boolean().default(false),
  timeLimitMs: z
    .int()
    .min(1)
    .max(10 * 366 * 86_400_000)
    .optional(),
})
const whoSchema = requestSchema.pick({ actor: true, reason: true })

export function createActions({ database, now, record, executionTimeoutMs = 30_000 }: ActionsOptions): Actions {
  const changes = openChanges(database, record)
  const journal = new ActionJournal(database, changes, now)
  const kinds = new Map<string, AnyAction>()
  const runner = new Runner({ journal, kinds, now, executionTimeoutMs })
  return {
    register: (action) => {
      if (kinds.has(action.kind)) throw new FindingsError('conflict', `action ${action.kind} is registered already`)
      kinds.set(action.kind, erase(action))
    },
    run: async (kind, params, request) => {
      const action = runner.require(kind)
      const { dryRun, ...rest } = check(requestSchema, request, 'a request for an action')
      const id = actionId(kind, rest.idempotencyKey, dryRun)
      return runner.run(id, { action, params: action.check(params), isDryRun: dryRun, ...rest })
    },
    invert: async (id, who) => invert(runner, journal, asActionId(id), check(whoSchema, who, 'an inversion')),
    resume: (id) => runner.resume(asActionId(id)),
    abandon: async (id, who) => runner.abandon(asActionId(id), check(whoSchema, who, 'an abandonment')),
    expire: () => expire(runner, journal, now),
    recover: () => changes.sendAll(),
    get: async (id) => {
      const row = await selectActions(database).where('finding_action.id', '=', asActionId(id)).executeTakeFirst()
      return row && toActionRecord(row, row.log_index)
    },
    list: (filter = {}) => list(database, filter),
    history: (id) => changes.history(asActionId(id)),
  }
}

async function list(database: Kysely<FindingsTables>, filter: ActionFilter): Promise<readonly ActionRecord[]> {
  let query = selectActions(database)
    .orderBy('created_at', 'desc')
    .orderBy('finding_action.id')
    .limit(Math.min(1000, Math.max(1, Math.trunc(filter.limit ?? 100))))
    .offset(Math.max(0, Math.trunc(filter.offset ?? 0)))
  if (filter.kind !== undefined) query = query.where('kind', '=', clean(filter.kind, 64))
  if (filter.state !== undefined) query = query.where('finding_action.state', '=', filter.state)
  if (filter.unfinished === true) {
    query = query.where('finding_action.state', 'in', ['planned', 'applying', 'applied']).where('is_dry_run', '=', 0)
  }
  const { after } = filter
  if (after !== undefined) {
    query = query.where((row) =>
      row.or([
        row('created_at', '<', after.createdAt),
        row.and([row('created_at', '=', after.createdAt), row('finding_action.id', '>', asActionId(after.id))]),
      ]),
    )
  }
  return (await query.execute()).map((row) => toActionRecord(row, row.log_index))
}
