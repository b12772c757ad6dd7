// Entity Management (3004): something that Holdfast keeps (a key, a policy, a setting) was made, changed or removed.
import { type Actor, baseEvent, type EventInput, type OcsfEvent, ocsfUser, type Status, statusId } from './event.ts'

const activities = {
  create: 1,
  read: 2,
  update: 3,
  delete: 4,
  enable: 8,
  disable: 9,
  activate: 10,
  deactivate: 11,
  suspend: 12,
  resume: 13,
  other: 99,
} as const

/** What was managed. `data` is the part of it that may be seen in the log: never a secret. */
export interface Entity {
  readonly uid: string
  /** For example `api_key`, `policy`, `configuration`. */
  readonly type: string
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

export interface EntityManagementInput extends EventInput {
  readonly activity: keyof typeof activities
  readonly entity: Entity
  readonly actor: Actor
  readonly status: Status
  /** Why, in the words of who did it. */
  readonly comment?: string | undefined
}

export interface EntityManagement extends OcsfEvent {
  readonly class_uid: 3004
  readonly entity: Entity
  readonly comment?: string | undefined
}

export function entityManagement(input: EntityManagementInput): EntityManagement {
  return {
    ...baseEvent(3004, activities[input.activity], statusId(input.status), input),
    class_uid: 3004,
    actor: { user: ocsfUser(input.actor) },
    entity: input.entity,
    comment: input.comment,
  }
}
