// What a room implements so that something can be done about a finding: planned without effect, applied once, proved
// by a probe, and taken back by another action.

import type { z } from 'zod'

/** What it does for the defence, in the tactics of MITRE D3FEND (OCSF 7001 `activity_id`). */
export type Tactic = 'isolate' | 'evict' | 'restore' | 'harden' | 'detect' | 'deceive' | 'other'

export interface Action<Params> {
  /** Stable name in snake case, as `revoke_api_key`. It is stored, logged, and never reused for something else. */
  readonly kind: string
  readonly tactic: Tactic
  /** The kind of the action that takes this one back; null when nothing can. Both must be registered. */
  readonly inverse: string | null
  /** Parameters are JSON and are stored and logged: ids and names, never a secret. At most 4 KiB. */
  readonly params: z.ZodType<Params>
  /** Says what `apply` would do. It reads and changes nothing: it is the whole of a dry run. */
  plan(params: Params): Promise<ActionPlan>
  /**
   * Does it. Called again after a crash in the middle, so doing it twice must be the same as doing it once. It stops
   * when `signal` fires; what it leaves half-done is then found by `probe`.
   */
  apply(params: Params, signal: AbortSignal): Promise<void>
  /** Looks whether it took effect, by the way on which the effect is meant to be felt: asks the door, not the list. */
  probe(params: Params, signal: AbortSignal): Promise<ProbeResult>
}

export interface ActionPlan {
  /** One sentence each, for the person who decides: what will be different, and for whom. */
  readonly effects: readonly string[]
  /** Parameters of the inverse that would restore what is there now; null when there is no inverse. */
  readonly undo: unknown
}

export interface ProbeResult {
  readonly ok: boolean
  /** What was tried and what came back. */
  readonly detail: string
}
