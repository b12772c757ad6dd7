// The log, with what it does counted: entries, and how long the disk takes.
import type { AuditLog, LogFiles } from '#audit'
import type { Registry } from './registry.ts'

export interface MeasuredLog extends AuditLog {
  /** Whether the disk refused the last entry that it was asked to keep. */
  readonly hasFailed: boolean
}

export function measureLog(log: AuditLog, registry: Registry): MeasuredLog {
  const ok = registry.counter('appends', 'ok')
  const failed = registry.counter('appends', 'failed')
  let hasFailed = false
  const counted = (appended: ReturnType<AuditLog['append']>) => {
    appended.then(
      () => {
        hasFailed = false
        ok.add(1)
      },
      (error: unknown) => {
        hasFailed ||= error instanceof Error && 'code' in error && error.code === 'io'
        failed.add(1)
      },
    )
    return appended
  }
  return {
    append: (event) => counted(log.append(event)),
    note: (event) => counted(log.note(event)),
    get size() {
      return log.size
    },
    get trouble() {
      return log.trouble
    },
    get hasFailed() {
      return hasFailed
    },
    state: () => log.state(),
    checkpoint: () => log.checkpoint(),
    close: () => log.close(),
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  }
}

/** The disk under a log, with the time of each write of the journal that has to be durable. */
export function measureFiles(files: LogFiles, registry: Registry, monotonic: () => number): LogFiles {
  const seconds = registry.histogram('logSync')
  const timed = async (work: Promise<void>) => {
    const begin = monotonic()
    await work
    seconds.observe((monotonic() - begin) / 1000)
  }
  return {
    read: (path, from, length) => files.read(path, from, length),
    sizeOf: (path) => files.sizeOf(path),
    list: (folder) => files.list(folder),
    open: (path) => files.open(path),
    create: (path) => files.create(path),
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
    makeFolder: (path) => files.makeFolder(path),
    syncFolder: (path) => files.syncFolder(path),
    lock: (path) => files.lock(path),
    async openSynced(path) {
      const file = await files.openSynced(path)
      return { write: (data, position) => timed(file.write(data, position)), close: () => file.close() }
    },
    async openCached(path) {
      const file = await files.openCached(path)
      return {
        write: (data, position) => file.write(data, position),
        datasync: () => timed(file.datasync()),
        close: () => file.close(),
      }
    },
  }
}
