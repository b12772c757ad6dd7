// Remediation Activity (7001): one step of an action: planned, applied, probed or taken back.
import { type Actor, baseEvent, type EventInput, type OcsfEvent, ocsfUser } from './event.ts'

// The tactics of MITRE D3FEND.
const activities = { isolate: 1, evict: 2, restore: 3, harden: 4, detect: 5, deceive: 6, other: 99 } as const
const outcomes = {
  unknown: 0,
  success: 1,
  failure: 2,
  does_not_exist: 3,
  partial: 4,
  unsupported: 5,
  error: 6,
} as const

export interface RemediationActivityInput extends EventInput {
  readonly activity: keyof typeof activities
  readonly status: keyof typeof outcomes
  /** Id of the action's record; the same for all its steps. */
  readonly commandUid: string
  /** What the step does, for people. */
  readonly description: string
  readonly actor: Actor
}

export interface RemediationActivity extends OcsfEvent {
  readonly class_uid: 7001
  readonly command_uid: string
  readonly remediation: { readonly desc: string }
}

export function remediationActivity(input: RemediationActivityInput): RemediationActivity {
  return {
    ...baseEvent(7001, activities[input.activity], outcomes[input.status], input, {
      correlation_uid: input.commandUid,
      profiles: ['host'],
    }),
    class_uid: 7001,
    actor: { user: ocsfUser(input.actor) },
    command_uid: input.commandUid,
    remediation: { desc: input.description },
  }
}
