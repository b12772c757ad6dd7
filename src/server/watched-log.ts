// The log, with an eye on its disk: the operator is told once when it cannot be written, and once when it can again.
// The requests in between were refused one by one; that needs no line for each.
import { type AuditLog, LogError } from '#audit'
import type { World } from './world.ts'

/** @param dir  where the log is, for the operator */
export function watchLog(log: AuditLog, dir: string, world: Pick<World, 'warn'>): AuditLog {
  let refused = 0
  let isTreeBehind = false

  /** Both `append` and `note`. */
  async function watched<T>(written: Promise<T>): Promise<T> {
    try {
      const place = await written
      if (refused > 0) {
        world.warn(`the log is written again; ${refused} ${refused === 1 ? 'entry was' : 'entries were'} refused`)
        refused = 0
      }
      lookAtTree()
      return place
    } catch (error) {
      if (error instanceof LogError && error.code === 'io' && refused++ === 0)
        world.warn(
          `the log in ${dir} cannot be written (${reasonOf(error)}): requests are refused with 503 not_recorded until it can; it is tried again with each of them`,
        )
      throw error
    }
  }

  function lookAtTree(): void {
    const { trouble } = log
    if (trouble !== undefined && !isTreeBehind)
      world.warn(
        `the log in ${dir} gets no new checkpoint (${reasonOf(trouble)}): requests are served while there is room in its journal, a few thousand of them, and then refused`,
      )
    if (trouble === undefined && isTreeBehind) world.warn('the log gets its checkpoints again')
    isTreeBehind = trouble !== undefined
  }

  return {
    append: (event) => watched(log.append(event)),
    note: (event) => watched(log.note(event)),
    get size() {
      return log.size
    },
    get trouble() {
      return log.trouble
    },
    state: () => log.state(),
    checkpoint: () => log.checkpoint(),
    close: () => log.close(),
    [Symbol.asyncDispose]: () => log.close(),
  }
}

/** What the system said, in words. Its message may name a file, which is the operator's own. */
function reasonOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const reason = 'code' in cause ? reasons[`${cause.code}`] : undefined
    if (reason !== undefined) return reason
  }
  return error instanceof Error ? error.message : 'unknown error'
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the disk fails to read or write',
  EMFILE: 'this process has too many open files',
  ENFILE: 'the system has too many open files',
  EACCES: 'not permitted',
}
