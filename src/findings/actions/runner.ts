// Runs one action from plan to proof. The record is always ahead of the world: before something is done, the store and
// the log know that it is about to be.

import { FindingsError } from '../error.ts'
import { clean } from '../text.ts'
import type { ProbeResult } from './action.ts'
import type { ActionRow } from './action-row.ts'
import type { AnyAction } from './any-action.ts'
import type { ActionJournal, Step } from './journal.ts'
import type { ActionId, ActionRecord } from './record.ts'
import { within } from './within.ts'

/** A request that was checked. */
export interface Requested {
  readonly action: AnyAction
  /** Canonical JSON. */
  readonly params: string
  readonly actor: string
  readonly reason: string
  readonly idempotencyKey: string
  readonly isDryRun: boolean
  readonly timeLimitMs?: number | undefined
  readonly inverts?: ActionId
}

export interface RunnerOptions {
  readonly journal: ActionJournal
  readonly kinds: ReadonlyMap<string, AnyAction>
  readonly now: () => number
  readonly executionTimeoutMs: number
}

const maxEffects = 32
const maxTextLength = 500

export class Runner {
  readonly #journal: ActionJournal
  readonly #kinds: ReadonlyMap<string, AnyAction>
  readonly #now: () => number
  readonly #timeoutMs: number
  readonly #underWay = new Map<ActionId, Promise<ActionRecord>>()

  constructor({ journal, kinds, now, executionTimeoutMs }: RunnerOptions) {
    this.#journal = journal
    this.#kinds = kinds
    this.#now = now
    this.#timeoutMs = executionTimeoutMs
  }

  /** @throws FindingsError `unknown_action` */
  require(kind: string): AnyAction {
    const action = this.#kinds.get(kind)
    if (action === undefined) throw new FindingsError('unknown_action', `no action ${clean(kind, 64)} is registered`)
    return action
  }

  isUnderWay(id: ActionId): boolean {
    return this.#underWay.has(id)
  }

  async run(id: ActionId, requested: Requested): Promise<ActionRecord> {
    const record = await this.#alone(id, () => this.#start(id, requested))
    const row = await this.#row(id)
    if (row.params !== requested.params || row.inverts !== (requested.inverts ?? null)) {
      throw new FindingsError('conflict', `the idempotency key was used for another ${row.kind} (${id})`)
    }
    return record
  }

  resume(id: ActionId): Promise<ActionRecord> {
    return this.#alone(id, async () => {
      const row = await this.#interrupted(id)
      const action = this.require(row.kind)
      if (row.state === 'applied') return this.#prove(row, action)
      return this.#apply(row, action, 'resumed after an interruption')
    })
  }

  async abandon(id: ActionId, who: { readonly actor: string; readonly reason: string }): Promise<ActionRecord> {
    if (this.isUnderWay(id)) throw new FindingsError('not_allowed', `${id} is under way`)
    return this.#alone(id, async () => {
      const row = await this.#interrupted(id)
      return this.#prove(row, this.require(row.kind), `abandoned: ${who.reason}`, who.actor)
    })
  }

  /** Whoever asks for what is under way waits for it instead of doing it again. */
  #alone(id: ActionId, work: () => Promise<ActionRecord>): Promise<ActionRecord> {
    const running = this.#underWay.get(id)
    if (running !== undefined) return running
    const promise = work().finally(() => this.#underWay.delete(id))
    this.#underWay.set(id, promise)
    return promise
  }

  async #start(id: ActionId, requested: Requested): Promise<ActionRecord> {
    const { action, isDryRun } = requested
    const known = await this.#journal.row(id)
    const isNew = known === undefined && (await this.#plan(id, requested))
    await this.#journal.send(id)
    return isNew && !isDryRun ? this.#apply(await this.#row(id), action) : this.#journal.record(id)
  }

  /** False when another process began the same in the meantime. */
  async #plan(id: ActionId, requested: Requested): Promise<boolean> {
    const { action, params, isDryRun, timeLimitMs } = requested
    const inverse = action.inverse === null ? undefined : this.require(action.inverse)
    if (timeLimitMs !== undefined && inverse === undefined) {
      throw new FindingsError('not_allowed', `${action.kind} cannot be taken back, so it cannot have a time limit`)
    }
    const { effects, undo } = await within(this.#timeoutMs, () => action.plan(params))
    const row = {
      id,
      kind: action.kind,
      params,
      actor: requested.actor,
      reason: requested.reason,
      idempotency_key: requested.idempotencyKey,
      is_dry_run: isDryRun ? 1 : 0,
      effects: JSON.stringify(effects.slice(0, maxEffects).map((effect) => clean(effect, maxTextLength))),
      undo: inverse === undefined || undo === null ? null : inverse.check(undo),
      probe: null,
      error: null,
      inverts: requested.inverts ?? null,
      inverted_by: null,
      time_limit_ms: timeLimitMs ?? null,
      expires_at: null,
      invert_at: null,
    }
    const detail = isDryRun ? 'a dry run; nothing is changed' : 'nothing has changed yet'
    return this.#journal.begin(row, { state: 'planned', detail, tactic: action.tactic })
  }

  async #apply(row: ActionRow, action: AnyAction, detail = 'about to be applied'): Promise<ActionRecord> {
    const { tactic } = action
    const limited = row.time_limit_ms === null ? null : this.#now() + row.time_limit_ms
    const expiresAt = row.expires_at ?? limited
    const invertAt = row.undo === null ? null : expiresAt
    const applying = await this.#journal.advance(row, {
      state: 'applying',
      detail,
      tactic,
      expires_at: expiresAt,
      invert_at: invertAt,
    })
    await this.#sendOrFail(applying, tactic)

    const failure = await this.#attempt(action, row.params)
    if (failure !== undefined) return this.#prove(applying, action, failure)
    const applied = await this.#journal.advance(applying, { state: 'applied', detail: 'not yet proved', tactic })
    await this.#journal.send(row.id).catch(() => undefined) // sent again, and complained of, after the proof
    return this.#prove(applied, action)
  }

  /** What the log does not know of is not done. */
  async #sendOrFail(applying: ActionRow, tactic: AnyAction['tactic']): Promise<void> {
    try {
      await this.#journal.send(applying.id)
    } catch (cause) {
      const error = 'nothing was changed: the log could not take it'
      await this.#journal.advance(applying, { state: 'failed', detail: error, error, tactic, invert_at: null })
      throw cause
    }
  }

  async #attempt(action: AnyAction, params: string): Promise<string | undefined> {
    try {
      await within(this.#timeoutMs, (signal) => action.apply(params, signal))
      return undefined
    } catch (error) {
      return `applying failed: ${messageOf(error)}`
    }
  }

  /** Asks the probe and ends the record: `verified` when nothing failed before and the probe agrees. */
  async #prove(row: ActionRow, action: AnyAction, failure?: string, by = row.actor): Promise<ActionRecord> {
    const probe = await this.#probe(action, row.params)
    const isVerified = failure === undefined && probe.ok
    const error = failure ?? (probe.ok ? null : `the probe did not find it in effect: ${probe.detail}`)
    const step: Step = {
      state: isVerified ? 'verified' : 'failed',
      detail: error === null ? probe.detail : clean(`${error}; probe: ${probe.detail}`, 2 * maxTextLength),
      by,
      tactic: action.tactic,
      probe: JSON.stringify(probe),
      error,
      // What is not in effect must not be taken back: by then somebody else may have put it in effect.
      invert_at: probe.ok ? row.invert_at : null,
    }
    const original = isVerified && row.inverts !== null ? await this.#takenBack(row.inverts, row) : undefined
    await this.#journal.advance(row, step, original)
    await this.#journal.send(row.id)
    if (original !== undefined) await this.#journal.send(original.row.id)
    return this.#journal.record(row.id)
  }

  async #takenBack(id: ActionId, inverse: ActionRow): Promise<{ row: ActionRow; step: Step } | undefined> {
    const row = await this.#row(id)
    if (row.state === 'inverted') return undefined
    const { tactic } = this.require(row.kind)
    const detail = `taken back by ${inverse.id}`
    const by = inverse.actor
    return { row, step: { state: 'inverted', detail, by, tactic, inverted_by: inverse.id, invert_at: null } }
  }

  async #probe(action: AnyAction, params: string): Promise<ProbeResult> {
    try {
      const { ok, detail } = await within(this.#timeoutMs, (signal) => action.probe(params, signal))
      return { ok, detail: clean(detail, maxTextLength) }
    } catch (error) {
      return { ok: false, detail: `the probe itself failed: ${messageOf(error)}` }
    }
  }

  async #row(id: ActionId): Promise<ActionRow> {
    const row = await this.#journal.row(id)
    if (row === undefined) throw new FindingsError('unknown_action', 'there is no record with this id')
    return row
  }

  async #interrupted(id: ActionId): Promise<ActionRow> {
    const row = await this.#row(id)
    if (row.is_dry_run === 0 && ['planned', 'applying', 'applied'].includes(row.state)) return row
    throw new FindingsError('not_allowed', `${id} was not interrupted; it is ${row.state}`)
  }
}

function messageOf(error: unknown): string {
  return clean(error instanceof Error ? error.message : String(error), maxTextLength)
}
