// Authentication (3002): someone showed who they are, or failed to.
import {
  type Actor,
  baseEvent,
  type EventInput,
  type OcsfEvent,
  type OcsfUser,
  ocsfUser,
  type Status,
  statusId,
} from './event.ts'

const activities = { logon: 1, logoff: 2, other: 99 } as const

export interface AuthenticationInput extends EventInput {
  readonly activity: keyof typeof activities
  readonly user: Actor
  readonly status: Status
  /** Machine-readable reason of a failure: `expired`, `revoked`, … */
  readonly statusCode?: string | undefined
  /** For example `api_key`, `oidc`, `mtls`. */
  readonly method: string
  /** The client's address as a keyed commitment. */
  readonly sourceCommitment?: string | undefined
}

export interface Authentication extends OcsfEvent {
  readonly class_uid: 3002
  readonly user: OcsfUser
  readonly auth_protocol: string
  readonly auth_protocol_id: number
  readonly src_endpoint?: { readonly uid: string } | undefined
  /** OCSF wants where to: the service that was entered. */
  readonly service: { readonly name: string }
}

export function authentication(input: AuthenticationInput): Authentication {
  return {
    ...baseEvent(3002, activities[input.activity], statusId(input.status), input),
    class_uid: 3002,
    status_code: input.statusCode,
    user: ocsfUser(input.user),
    auth_protocol: input.method,
    auth_protocol_id: 99,
    src_endpoint: input.sourceCommitment === undefined ? undefined : { uid: input.sourceCommitment },
    service: { name: 'Holdfast' },
  }
}
