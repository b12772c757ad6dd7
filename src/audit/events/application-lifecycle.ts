// Application Lifecycle (6002): the program itself, or a model server, started, stopped or was changed.
import { baseEvent, type EventInput, type OcsfEvent, type Status, statusId } from './event.ts'

const activities = {
  install: 1,
  remove: 2,
  start: 3,
  stop: 4,
  restart: 5,
  enable: 6,
  disable: 7,
  update: 8,
  other: 99,
} as const

export interface ApplicationLifecycleInput extends EventInput {
  readonly activity: keyof typeof activities
  readonly app: { readonly name: string; readonly version?: string | undefined; readonly uid?: string | undefined }
  readonly status: Status
}

export interface ApplicationLifecycle extends OcsfEvent {
  readonly class_uid: 6002
  readonly app: ApplicationLifecycleInput['app']
}

export function applicationLifecycle(input: ApplicationLifecycleInput): ApplicationLifecycle {
  return {
    ...baseEvent(6002, activities[input.activity], statusId(input.status), input),
    class_uid: 6002,
    app: input.app,
  }
}
