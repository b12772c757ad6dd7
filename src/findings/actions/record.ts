// What is kept of an action: one record from the plan to the proof.

import type { ProbeResult } from './action.ts'

declare const brand: unique symbol
export type ActionId = string & { readonly [brand]: 'ActionId' }

/**
 * `planned` (nothing has changed) → `applying` → `applied` → `verified` by its probe, or `failed`. What was applied may
 * become `inverted`. A record that stays `planned`, `applying` or `applied` though no dry run was interrupted by a
 * crash, and waits to be resumed or abandoned.
 */
export type ActionState = 'planned' | 'applying' | 'applied' | 'verified' | 'failed' | 'inverted'

export interface ActionRecord {
  readonly id: ActionId
  readonly kind: string
  /** As JSON would give them back. */
  readonly params: unknown
  readonly state: ActionState
  readonly isDryRun: boolean
  /** What the plan said would be different. */
  readonly effects: readonly string[]
  readonly actor: string
  readonly reason: string
  readonly idempotencyKey: string
  /** What the probe saw, once it has looked. */
  readonly probe: ProbeResult | undefined
  /** Why it failed. */
  readonly error: string | undefined
  /** The record that this one takes back, or that has taken this one back. */
  readonly inverts: ActionId | undefined
  readonly invertedBy: ActionId | undefined
  /** Whether there is something that an inverse could take back. */
  readonly isReversible: boolean
  /** Times in ms since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
  /** When the inverse is applied by itself; undefined when never. */
  readonly expiresAt: number | undefined
  /** Where its latest step is in the log; undefined while the log does not have it. */
  readonly logIndex: number | undefined
}
