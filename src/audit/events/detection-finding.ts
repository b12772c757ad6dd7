// Detection Finding (2004): something is wrong with an asset, or what is known of it changed.
import { type Actor, baseEvent, type EventInput, type OcsfEvent, ocsfUser } from './event.ts'

const activities = { create: 1, update: 2, close: 3, other: 99 } as const
const states = { unknown: 0, new: 1, in_progress: 2, suppressed: 3, resolved: 4, archived: 5, deleted: 6 } as const
const ruleAnalytic = 1

export interface AffectedAsset {
  readonly uid: string
  readonly type?: string | undefined
  readonly name?: string | undefined
}

export interface DetectionFindingInput extends EventInput {
  readonly activity: keyof typeof activities
  readonly state: keyof typeof states
  readonly finding: {
    readonly uid: string
    readonly title: string
    readonly description?: string | undefined
    /** Id of the rule or detector. */
    readonly rule: string
    /** ms since the epoch. */
    readonly firstSeen?: number | undefined
    readonly lastSeen?: number | undefined
    /** MITRE ATLAS or ATT&CK technique ids, for example `AML.T0051`. */
    readonly techniques?: readonly string[] | undefined
    /** Other classifications, for example `LLM01:2025`. */
    readonly types?: readonly string[] | undefined
  }
  readonly asset?: AffectedAsset | undefined
  readonly evidence?: readonly Readonly<Record<string, unknown>>[] | undefined
  /** Who changed its state; undefined when the program did. */
  readonly actor?: Actor | undefined
  readonly comment?: string | undefined
}

export interface DetectionFinding extends OcsfEvent {
  readonly class_uid: 2004
  readonly finding_info: {
    readonly uid: string
    readonly title: string
    readonly desc?: string | undefined
    readonly analytic: { readonly type_id: number; readonly uid: string }
    readonly first_seen_time?: number | undefined
    readonly last_seen_time?: number | undefined
    readonly attacks?: readonly { readonly technique: { readonly uid: string } }[] | undefined
    readonly types?: readonly string[] | undefined
  }
  readonly resources?: readonly AffectedAsset[] | undefined
  readonly evidences?: readonly { readonly data: Readonly<Record<string, unknown>> }[] | undefined
  readonly comment?: string | undefined
}

export function detectionFinding(input: DetectionFindingInput): DetectionFinding {
  const { finding } = input
  return {
    ...baseEvent(2004, activities[input.activity], states[input.state], input, { profiles: ['host'] }),
    class_uid: 2004,
    actor: input.actor === undefined ? undefined : { user: ocsfUser(input.actor) },
    finding_info: {
      uid: finding.uid,
      title: finding.title,
      desc: finding.description,
      analytic: { type_id: ruleAnalytic, uid: finding.rule },
      first_seen_time: finding.firstSeen,
      last_seen_time: finding.lastSeen,
      attacks: finding.techniques?.map((uid) => ({ technique: { uid } })),
      types: finding.types,
    },
    resources: input.asset === undefined ? undefined : [input.asset],
    evidences: input.evidence?.map((data) => ({ data })),
    comment: input.comment,
  }
}
