// A step of an action as an OCSF event.

import { type OcsfEvent, remediationActivity } from '#audit'
import type { Tactic } from './action.ts'
import type { ActionRow } from './action-row.ts'
import type { ActionState } from './record.ts'

/** Of many effects the log gets the first few: an entry of the log has a bound. */
const loggedEffects = 6

/** `applied` is not success: that is what only the probe can say. */
const statuses = {
  planned: 'unknown',
  applying: 'unknown',
  applied: 'partial',
  verified: 'success',
  failed: 'failure',
  inverted: 'success',
} as const satisfies Record<ActionState, string>

export function actionEvent(
  row: ActionRow,
  step: { readonly uid: string; readonly at: number; readonly by: string; readonly detail: string },
  tactic: Tactic,
): OcsfEvent {
  const { kind, state, reason } = row
  const effects: readonly string[] = JSON.parse(row.effects)
  return remediationActivity({
    time: step.at,
    uid: step.uid,
    activity: tactic,
    status: statuses[state],
    statusDetail: step.detail,
    commandUid: row.id,
    description: `${kind}: ${state}, ${step.detail}`,
    actor: { principal: step.by },
    severity: state === 'failed' ? 'high' : 'informational',
    details: {
      kind,
      state,
      reason,
      dry_run: row.is_dry_run === 1,
      params: JSON.parse(row.params),
      effects: effects.slice(0, loggedEffects),
      effects_total: effects.length,
      probe: row.probe === null ? undefined : JSON.parse(row.probe),
      error: row.error ?? undefined,
      inverts: row.inverts ?? undefined,
      inverted_by: row.inverted_by ?? undefined,
      expires_at: row.expires_at ?? undefined,
    },
  })
}
