// What the gateway needs from the rest of Holdfast, put together by the server. Tests build their own.
import type { OcsfEvent } from '#audit'
import type { Identify, Principal } from '#identity'
import type { Inspector } from '#inspect'
import type { AddressGuard, Budgets, Charge, Leases, LimitDecision, LimitSettings } from '#limits'
import type { Entities, PolicySet } from '#policy'
import type { PrivacyConfig, Protection, Pseudonymised } from '#privacy'
import type { WireOptions } from '#wire'
import type { LocatedVerdict } from './exchange.ts'
import type { Observation } from './observation.ts'
import type { RetrySettings, Routing, UpstreamRoute } from './upstreams/index.ts'

export interface House {
  readonly identify: Identify
  readonly policy: PolicySet
  readonly entities: Entities
  readonly limiter: { admit(charges: readonly Charge[]): LimitDecision | Promise<LimitDecision> }
  readonly leases: Leases
  readonly budgets: Budgets
  readonly addresses: AddressGuard
  readonly inspector: Inspector
  /** In the order of the configuration. */
  readonly upstreams: readonly UpstreamRoute[]
  /** Which of them a model may go to. */
  readonly routing: Routing
  readonly settings: GatewaySettings
  /** Puts placeholders in the place of protected values; they are stored when it resolves. */
  protect(protection: Protection): Promise<readonly Pseudonymised[]>
  /** Appends to the transparency log; resolves when the entry is durable. */
  record(event: OcsfEvent): Promise<unknown>
  /** As `record`, for what nobody waits for: written together with the next entry. */
  note(event: OcsfEvent): Promise<unknown>
  /** Tells the rest of Holdfast what detectors stopped. Must not throw, and is not waited for. */
  detected(detection: Detection): void
  /** Every exchange, when it is over. Must not throw, and is not waited for. */
  observe(observation: Observation): void
  /** A keyed commitment to a personal value, for the log. */
  commitment(value: string): string
  now(): number
  /** ms, monotonic, with fractions. */
  monotonic(): number
  randomBytes(count: number): Uint8Array
  /** For the operator's eyes: an error that no client may see. */
  report(what: string, error: unknown): void
}

/** Something that a detector stopped: what, in whose exchange, and where the log tells of it. */
export interface Detection {
  readonly exchange: string
  readonly principal: Principal
  readonly verdict: LocatedVerdict
}

export interface GatewaySettings {
  readonly limits: LimitSettings
  readonly privacy: PrivacyConfig
  readonly wire: Partial<WireOptions>
  readonly maxAnswerBytes: number
  readonly maxEventBytes: number
  readonly stageTimeoutMs: number
  readonly retry: RetrySettings
  /** Digest of the configuration, for the log. */
  readonly configuration: string
  /** Whether the log may hold the claims of tokens, as policies see them. */
  readonly recordClaims: boolean
}
