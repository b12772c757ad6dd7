// What the API needs of the house that it stands in. Who builds the house passes it in.
import type { Actor, OcsfEvent } from '#audit'
import type { ActionRecord, Actions, Findings } from '#findings'
import type { ApiKeyRecord, CreatedApiKey, Identify, NewApiKey, Principal } from '#identity'
import type { Inventory } from '#inventory'
import type { AddressGuard, BudgetState, Charge, LimitDecision } from '#limits'
import type { ApiAction, Resource } from './permissions.ts'
import type { Scans } from './scans/scans.ts'
import type { ApiSettings } from './settings.ts'

export interface ApiRooms {
  /** As they are now: a new configuration may have come. */
  readonly settings: () => ApiSettings
  readonly identify: Identify
  /** May this caller do this to this resource? Fails closed. */
  authorise(principal: Principal, action: ApiAction, resource: Resource): ApiDecision
  readonly addresses: AddressGuard
  admit(charges: readonly Charge[]): LimitDecision | Promise<LimitDecision>
  /** Resolves when the event is durable. */
  record(event: OcsfEvent): Promise<unknown>
  /** As `record`, for what nobody waits for. */
  note(event: OcsfEvent): Promise<unknown>
  /** A keyed commitment to a client's address. */
  commitment(address: string): string
  readonly keys: ManagedKeys
  readonly findings: Findings
  readonly actions: Actions
  readonly inventory: Inventory
  readonly listBudgets: () => readonly BudgetState[]
  readonly log: ManagedLog
  readonly explanations: Explanations
  readonly scans: Scans
  /** ms since the epoch. */
  now(): number
  /** A new unique id of this kind. */
  id(kind: string): string
  /** For the operator: what went wrong, without any client's text. */
  report(what: string, error: unknown): void
}

export interface ApiDecision {
  readonly isAllowed: boolean
  /** What decided: a policy, or why none could. */
  readonly rule: string
}

export interface ManagedKeys {
  list(): readonly ApiKeyRecord[]
  /** On record, in the inventory and at work when it resolves. @throws IdentityError `invalid_key` */
  create(input: NewApiKey, actor: Actor): Promise<CreatedApiKey>
  /** @param idempotencyKey  the same gives the same record, and revokes once @throws FindingsError, IdentityError */
  revoke(request: {
    readonly id: string
    readonly reason: string
    readonly actor: string
    readonly dryRun: boolean
    readonly idempotencyKey?: string | undefined
  }): Promise<ActionRecord>
}

export interface ManagedLog {
  /** The folder that the log is in. */
  readonly dir: string
  /** Puts all that is durable under a signed checkpoint. */
  checkpoint(): Promise<void>
}

export interface Explanations {
  /**
   * What happened in an exchange; undefined when the log has nothing of it.
   *
   * @param id     of the exchange, or what the upstream called its request
   * @param since  ms since the epoch: the log is not searched further back
   */
  explain(id: string, since: number): Promise<unknown>
}
