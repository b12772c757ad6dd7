// The log a page at a time, newest first: for whoever asks again and again, and must not wait for a search through all
// of it. And its newest checkpoint.
import { LogError } from './error.ts'
import { diskFiles } from './files.ts'
import { readCheckpointNote } from './folder.ts'
import {
  bytesOfBundle,
  type EntryFilter,
  type LogEntry,
  type LogLocation,
  logEntry,
  passes,
  readSnapshot,
} from './read.ts'
import { tileWidth } from './tlog/tiles.ts'

export interface LogPage {
  /** Newest first. There may be fewer than were asked for, though more follow. */
  readonly entries: readonly LogEntry[]
  /** What to pass as `before` for the next page; undefined when there is none. */
  readonly next: number | undefined
}

/**
 * The newest entries that a filter lets through.
 *
 * @param before    only entries with a lower index than this
 * @param limit     entries on the page, at least 1
 * @param mostRead  entries looked at for it, about: the page ends there, whether or not it is full
 * @throws LogError as readEntries
 */
export async function readPage(
  location: LogLocation & {
    readonly filter: EntryFilter
    readonly before?: number | undefined
    readonly limit: number
    readonly mostRead: number
  },
): Promise<LogPage> {
  const { filter, limit, mostRead } = location
  const { size, tail } = await readSnapshot(location)
  const last = Math.min(location.before ?? Number.POSITIVE_INFINITY, size + tail.length)
  const entries: LogEntry[] = []
  for (let end = last; end > 0; ) {
    // The journals' entries are here already; of the tree, one bundle at a time.
    const start = end > size ? size : Math.floor((end - 1) / tileWidth) * tileWidth
    const stretch = end > size ? tail.slice(0, end - size) : await bytesOfBundle(location, start, end, size)
    let isPast = filter.since !== undefined && start < size
    for (let index = end - 1; index >= start; index--) {
      const entry = logEntry(index, stretch[index - start] ?? new Uint8Array())
      if (filter.since !== undefined && (entry.event?.time ?? 0) >= filter.since) isPast = false
      if (entry.event === undefined || !passes(entry.event, filter)) continue
      entries.push(entry)
      if (entries.length === limit) return { entries, next: index > 0 ? index : undefined }
    }
    // As with a search: clocks are set back, but hardly over a whole bundle.
    if (isPast) return { entries, next: undefined }
    end = start
    if (last - end >= mostRead && end > 0) return { entries, next: end }
  }
  return { entries, next: undefined }
}

/** The newest checkpoint, as it is signed (C2SP tlog-checkpoint). @throws LogError `not_found`, `io` */
export async function readCheckpoint({ dir, files = diskFiles }: LogLocation): Promise<string> {
  const note = await readCheckpointNote(files, dir)
  if (note === undefined) throw new LogError('not_found', `there is no log in ${dir}`)
  return note
}
