// A change of a finding as an OCSF event.

import { detectionFinding, type OcsfEvent } from '#audit'
import type { Finding } from './finding.ts'

/** Of many pieces of evidence the log gets the first few: an entry of the log has a bound. */
const loggedEvidence = 8

const states = {
  open: 'new',
  acknowledged: 'in_progress',
  resolved: 'resolved',
  excepted: 'suppressed',
  false_positive: 'suppressed',
} as const

export function findingEvent(
  finding: Finding,
  change: { readonly uid: string; readonly at: number; readonly by: string | undefined; readonly detail: string },
  activity: 'create' | 'update',
): OcsfEvent {
  const { techniques, asset, evidence, state, controls, count, until, discriminator } = finding
  return detectionFinding({
    time: change.at,
    uid: change.uid,
    severity: finding.severity,
    activity: state === 'resolved' ? 'close' : activity,
    state: states[state],
    finding: {
      uid: finding.id,
      title: finding.title,
      description: finding.description,
      rule: finding.rule,
      firstSeen: finding.firstSeen,
      lastSeen: finding.lastSeen,
      techniques: techniques.filter(({ framework }) => framework !== 'owasp-llm').map(({ id }) => id),
      types: techniques.filter(({ framework }) => framework === 'owasp-llm').map(({ id }) => id),
    },
    asset: { uid: asset },
    evidence: evidence.slice(0, loggedEvidence).map((piece) => ({ ...piece })),
    actor: change.by === undefined ? undefined : { principal: change.by },
    comment: change.detail,
    details: { state, until, controls, count, discriminator, evidence_total: evidence.length },
  })
}
