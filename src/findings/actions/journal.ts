// Keeps the record of an action ahead of the world: each step is stored, with its event, before it is taken.

import type { Kysely, Transaction } from 'kysely'
import { StoreError } from '#store'
import type { Changes } from '../changes.ts'
import { FindingsError } from '../error.ts'
import type { FindingsTables } from '../migrations.ts'
import type { Tactic } from './action.ts'
import { actionEvent } from './action-event.ts'
import { type ActionRow, asActionId, selectActions, toActionRecord } from './action-row.ts'
import type { ActionId, ActionRecord, ActionState } from './record.ts'

export interface Step {
  readonly state: ActionState
  /** Who takes it; the actor of the record if left out. */
  readonly by?: string
  readonly detail: string
  readonly tactic: Tactic
  readonly probe?: string
  readonly error?: string | null
  readonly expires_at?: number | null
  readonly invert_at?: number | null
  readonly inverted_by?: ActionId
  readonly undo?: string | null
}

export class ActionJournal {
  readonly #database: Kysely<FindingsTables>
  readonly #changes: Changes
  readonly #now: () => number

  constructor(database: Kysely<FindingsTables>, changes: Changes, now: () => number) {
    this.#database = database
    this.#changes = changes
    this.#now = now
  }

  row(id: string): Promise<ActionRow | undefined> {
    const query = this.#database.selectFrom('finding_action').selectAll().where('id', '=', asActionId(id))
    return query.executeTakeFirst()
  }

  async record(id: ActionId): Promise<ActionRecord> {
    const row = await selectActions(this.#database).where('finding_action.id', '=', id).executeTakeFirst()
    if (row === undefined) throw new FindingsError('unknown_action', 'there is no record with this id')
    return toActionRecord(row, row.log_index)
  }

  /** Begins a record as `planned`. False when there is one with its id. */
  async begin(row: Omit<ActionRow, 'state' | 'created_at' | 'updated_at' | 'changes'>, step: Step): Promise<boolean> {
    const now = this.#now()
    const first: ActionRow = { ...row, state: 'planned', created_at: now, updated_at: now, changes: 1 }
    try {
      await this.#database.transaction().execute(async (trx) => {
        await trx.insertInto('finding_action').values(first).execute()
        await this.#note(trx, first, step)
      })
      return true
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unique') return false
      throw error
    }
  }

  /**
   * Stores the next step, and with it, all or nothing, a step of another record that follows from it.
   * @throws FindingsError `conflict` when the record is not as it was read
   */
  advance(row: ActionRow, step: Step, other?: { readonly row: ActionRow; readonly step: Step }): Promise<ActionRow> {
    return this.#database.transaction().execute(async (trx) => {
      if (other !== undefined) await this.#advance(trx, other.row, other.step)
      return this.#advance(trx, row, step)
    })
  }

  send(id: ActionId): Promise<void> {
    return this.#changes.send(id)
  }

  /** What has been in force for its time, the longest overdue first. */
  due(now: number): Promise<readonly ActionRow[]> {
    const query = this.#database.selectFrom('finding_action').selectAll().where('invert_at', '<=', now)
    return query.orderBy('invert_at').orderBy('id').execute()
  }

  async failedInversions(id: ActionId): Promise<number> {
    const rows = await this.#database
      .selectFrom('finding_action')
      .select('id')
      .where('inverts', '=', id)
      .where('state', '=', 'failed')
      .execute()
    return rows.length
  }

  /** Another record that wants the same to stay in force, the one that wants it longest. */
  async heirOf(row: ActionRow, now: number): Promise<ActionRow | undefined> {
    const others = await this.#database
      .selectFrom('finding_action')
      .selectAll()
      .where('kind', '=', row.kind)
      .where('params', '=', row.params)
      .where('id', '<>', row.id)
      .where('state', 'in', ['applied', 'verified'])
      .execute()
    const end = (other: ActionRow) => other.expires_at ?? Number.POSITIVE_INFINITY
    return others.filter((other) => end(other) > now).sort((a, b) => end(b) - end(a))[0]
  }

  /** Leaves in force what `row` no longer wants and `heir` still does; what there is to take back is the heir's now. */
  async handOver(row: ActionRow, heir: ActionRow, tactic: Tactic): Promise<void> {
    const undo = heir.undo ?? row.undo
    const kept = { state: row.state, by: 'holdfast', tactic, invert_at: null, detail: `stays in force for ${heir.id}` }
    const taken = { state: heir.state, by: 'holdfast', tactic, invert_at: heir.expires_at, undo }
    await this.advance(row, kept, { row: heir, step: { ...taken, detail: `took over from ${row.id}` } })
    await this.send(row.id)
    await this.send(heir.id)
  }

  async postpone(row: ActionRow, until: number): Promise<void> {
    const query = this.#database.updateTable('finding_action').set({ invert_at: until })
    await query.where('id', '=', row.id).where('invert_at', 'is not', null).execute()
  }

  async #advance(trx: Transaction<FindingsTables>, row: ActionRow, step: Step): Promise<ActionRow> {
    const { detail: _detail, by: _by, tactic: _tactic, ...columns } = step
    const next: ActionRow = { ...row, ...columns, updated_at: this.#now(), changes: row.changes + 1 }
    const { numUpdatedRows } = await trx
      .updateTable('finding_action')
      .set(next)
      .where('id', '=', row.id)
      .where('changes', '=', row.changes)
      .executeTakeFirstOrThrow()
    if (numUpdatedRows !== 1n) throw new FindingsError('conflict', `${row.id} was moved on by somebody else`)
    await this.#note(trx, next, step)
    return next
  }

  #note(trx: Transaction<FindingsTables>, row: ActionRow, { by = row.actor, detail, tactic }: Step): Promise<void> {
    const change = { state: row.state, at: row.updated_at, by, detail }
    return this.#changes.add(trx, row.id, row.changes, change, (uid) => actionEvent(row, { ...change, uid }, tactic))
  }
}
