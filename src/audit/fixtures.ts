// For the tests of this room: keys that are always the same, small events, and a log on a disk in memory.
import { createPrivateKey } from 'node:crypto'
import type { SigningKeys } from '#crypto'
import { CrashDisk } from './crash-disk.ts'
import { entityManagement } from './events/entity-management.ts'
import type { OcsfEvent } from './events/event.ts'
import type { AuditLog } from './log.ts'
import { type LogOptions, openLog } from './open.ts'

export const dir = '/data/log'
export const origin = 'holdfast.test/log'
export const keys = signingKeys(1)

export function signingKeys(seed: number): SigningKeys {
  const key = Buffer.alloc(32, seed)
  return {
    ed25519: createPrivateKey({ key, format: 'raw-private', asymmetricKeyType: 'ed25519' }),
    mldsa44: createPrivateKey({ key, format: 'raw-seed', asymmetricKeyType: 'ml-dsa-44' }),
  }
}

/** An event that is recognised by its number. */
export function numberedEvent(number: number, padding = 0): OcsfEvent {
  return entityManagement({
    time: 1_790_000_000_000 + number,
    uid: `event-${number}`,
    activity: 'update',
    entity: { uid: 'x'.repeat(padding), type: 'test' },
    actor: { principal: number % 2 === 0 ? 'user:even' : 'user:odd' },
    status: number % 3 === 0 ? 'failure' : 'success',
  })
}

/** Only explicit checkpoints, small journals. */
export function openTestLog(files: CrashDisk, options: Partial<LogOptions> = {}): Promise<AuditLog> {
  const rest = { now: () => 1_790_000_000_000, intervalMs: 2 ** 30, maxPending: 1 << 30, journalBytes: 128 << 10 }
  return openLog({ dir, origin, keys, files, ...rest, ...options })
}

/** Appends `count` events; `checkpointAt` says after which ones a checkpoint is signed. */
export async function appendEvents(log: AuditLog, count: number, checkpointAt: readonly number[] = []): Promise<void> {
  for (let number = log.size, end = log.size + count; number < end; ) {
    const next = Math.min(end, ...checkpointAt.filter((at) => at > number))
    const events = Array.from({ length: next - number }, (_, at) => numberedEvent(number + at))
    await Promise.all(events.map((event) => log.append(event)))
    if (checkpointAt.includes(next)) await log.checkpoint()
    number = next
  }
}

/** A log that was written and closed. */
export async function writtenLog(count: number, checkpointAt: readonly number[] = []): Promise<CrashDisk> {
  const disk = new CrashDisk()
  const log = await openTestLog(disk)
  await appendEvents(log, count, checkpointAt)
  await log.close()
  return disk
}
