// What all events share: the base event of OCSF 1.8.0 (https://schema.ocsf.io/1.8.0), and how its ids are made.
// Names with an underscore are OCSF's own. What OCSF has no place for goes under `unmapped.holdfast`.

export const ocsfVersion = '1.8.0'

const product = { name: 'Holdfast', vendor_name: 'Holdfast' } as const
const severities = { informational: 1, low: 2, medium: 3, high: 4, critical: 5, fatal: 6 } as const
const statuses = { unknown: 0, success: 1, failure: 2, other: 99 } as const
const actorTypes = { unknown: 0, user: 1, admin: 2, system: 3, service: 4 } as const

export type Severity = keyof typeof severities
export type Status = keyof typeof statuses

/** Who did it. `principal` is the stable id; a person's name or address belongs here only as a commitment. */
export interface Actor {
  readonly principal: string
  readonly kind?: keyof typeof actorTypes | undefined
  readonly name?: string | undefined
  /** Id of the key or token that was shown, never the credential itself. */
  readonly keyId?: string | undefined
}

/** What every constructor takes. The time and the id are the caller's: an event is a pure function of its input. */
export interface EventInput {
  /** When it happened, ms since the epoch. */
  readonly time: number
  /** Unique id of this event. */
  readonly uid: string
  readonly tenant?: string | undefined
  readonly severity?: Severity | undefined
  /** One line for people; never the text of a prompt or an answer. */
  readonly message?: string | undefined
  readonly statusDetail?: string | undefined
  /** What OCSF has no place for; becomes `unmapped.holdfast`. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

export interface Metadata {
  readonly version: typeof ocsfVersion
  readonly product: typeof product
  readonly uid: string
  readonly tenant_uid?: string | undefined
  readonly correlation_uid?: string | undefined
  readonly profiles?: readonly string[] | undefined
  /** Index of the entry in the log; set by the log. */
  readonly sequence?: number | undefined
}

export interface OcsfUser {
  readonly uid: string
  readonly type_id: number
  readonly name?: string | undefined
  readonly credential_uid?: string | undefined
}

/** Any event: what the log stores. */
export interface OcsfEvent {
  readonly class_uid: number
  readonly category_uid: number
  readonly activity_id: number
  readonly type_uid: number
  readonly severity_id: number
  readonly status_id: number
  readonly status?: string | undefined
  readonly status_code?: string | undefined
  readonly status_detail?: string | undefined
  readonly time: number
  readonly message?: string | undefined
  readonly metadata: Metadata
  readonly actor?: { readonly user: OcsfUser } | undefined
  readonly unmapped?: { readonly holdfast: Readonly<Record<string, unknown>> } | undefined
}

/**
 * The attributes of the base event class.
 *
 * @param classUid    OCSF class, for example 6003; its thousands are the category
 * @param activityId  OCSF activity inside the class, 0 to 99
 */
export function baseEvent(
  classUid: number,
  activityId: number,
  statusId: number,
  input: EventInput,
  metadata?: Pick<Metadata, 'correlation_uid' | 'profiles'>,
): OcsfEvent {
  return {
    class_uid: classUid,
    category_uid: Math.floor(classUid / 1000),
    activity_id: activityId,
    type_uid: classUid * 100 + activityId,
    severity_id: severities[input.severity ?? 'informational'],
    status_id: statusId,
    status_detail: input.statusDetail,
    time: input.time,
    message: input.message,
    metadata: { version: ocsfVersion, product, uid: input.uid, tenant_uid: input.tenant, ...metadata },
    unmapped: input.details === undefined ? undefined : { holdfast: input.details },
  }
}

export function statusId(status: Status): number {
  return statuses[status]
}

export function ocsfUser(actor: Actor): OcsfUser {
  return {
    uid: actor.principal,
    type_id: actorTypes[actor.kind ?? 'unknown'],
    name: actor.name,
    credential_uid: actor.keyId,
  }
}
