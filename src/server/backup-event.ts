// What the log says of a backup that is made, or that was restored.
import { entityManagement } from '#audit'
import type { World } from './world.ts'

export function backupEvent(id: string, activity: 'create' | 'other', world: World) {
  return entityManagement({
    time: world.now(),
    uid: world.id('ev'),
    activity,
    entity: { type: 'backup', uid: id },
    actor: { principal: 'operator', kind: 'admin' },
    status: 'success',
    comment: activity === 'create' ? 'a backup of log, store and keys is written' : 'restored from this backup',
  })
}
