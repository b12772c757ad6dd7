// Reading a log back: with only its folder, also while a writer is running.
import { LogError } from './error.ts'
import type { OcsfEvent } from './events/event.ts'
import { diskFiles, type LogFiles } from './files.ts'
import { readBundle, readCheckpointNote, readJournals } from './folder.ts'
import { parseCheckpointNote } from './tlog/checkpoint.ts'
import { tileWidth } from './tlog/tiles.ts'

export interface LogEntry {
  readonly index: number
  /** The stored bytes: what the tree commits to. */
  readonly bytes: Uint8Array
  /** undefined when the bytes are no event: somebody changed them. */
  readonly event: OcsfEvent | undefined
}

export interface EntryFilter {
  /** The actor's principal, as in `actor.user.uid`. */
  readonly principal?: string | undefined
  /** ms since the epoch, inclusive. */
  readonly since?: number | undefined
  /** ms since the epoch, exclusive. */
  readonly until?: number | undefined
  readonly classUid?: number | undefined
  readonly statusId?: number | undefined
  readonly exchange?: string | undefined
}

export interface LogLocation {
  readonly dir: string
  readonly files?: LogFiles
}

/**
 * The entries from `from` (inclusive) to `to` (exclusive), oldest first, as they are on disk: `verifyLog` says whether
 * they are those that were signed. Without `to`, up to the newest durable one.
 *
 * @throws LogError `not_found`, `damaged` when a bundle is missing or cut, `io`
 */
export async function* readEntries(
  location: LogLocation & { readonly from?: number; readonly to?: number },
): AsyncGenerator<LogEntry> {
  const { from = 0, to = Number.MAX_SAFE_INTEGER } = location
  const { size, tail } = await readSnapshot(location)
  for (let index = from; index < Math.min(size, to); ) {
    const end = Math.min(size, to, (Math.floor(index / tileWidth) + 1) * tileWidth)
    yield* entriesOfBundle(location, index, end, size)
    index = end
  }
  for (const [at, bytes] of tail.entries()) {
    if (size + at >= from && size + at < to) yield logEntry(size + at, bytes)
  }
}

/**
 * The entries that a filter lets through, newest first.
 *
 * @throws LogError as readEntries
 */
export async function* queryEntries(
  location: LogLocation & { readonly filter: EntryFilter },
): AsyncGenerator<LogEntry> {
  const { size, tail } = await readSnapshot(location)
  const isWanted = ({ event }: LogEntry) => event !== undefined && passes(event, location.filter)
  yield* tail
    .map((bytes, at) => logEntry(size + at, bytes))
    .filter(isWanted)
    .reverse()
  for (let end = size; end > 0; ) {
    const start = Math.floor((end - 1) / tileWidth) * tileWidth
    const entries: LogEntry[] = []
    for await (const entry of entriesOfBundle(location, start, end, size)) entries.push(entry)
    yield* entries.filter(isWanted).reverse()
    end = start
  }
}

/** Durable entries that a reader finds now. @throws LogError as readEntries */
export async function countEntries(location: LogLocation): Promise<number> {
  const { size, tail } = await readSnapshot(location)
  return size + tail.length
}

/** Size of the tree and what the journals hold beyond it, of one moment. */
export async function readSnapshot({
  dir,
  files = diskFiles,
}: LogLocation): Promise<{ size: number; tail: Uint8Array[] }> {
  for (;;) {
    const before = await readSize(files, dir)
    const { entries } = await readJournals(files, dir, before)
    // A checkpoint in between means that the journals may have been begun again while they were read.
    if ((await readSize(files, dir)) === before) return { size: before, tail: [...entries] }
  }
}

async function readSize(files: LogFiles, dir: string): Promise<number> {
  const note = await readCheckpointNote(files, dir)
  if (note === undefined) throw new LogError('not_found', `there is no log in ${dir}`)
  return parseCheckpointNote(note).size
}

async function* entriesOfBundle(
  location: LogLocation,
  from: number,
  to: number,
  size: number,
): AsyncGenerator<LogEntry> {
  for (const [at, bytes] of (await bytesOfBundle(location, from, to, size)).entries()) yield logEntry(from + at, bytes)
}

/** The stored bytes of entries of one bundle, in a tree of `size`. @throws LogError `damaged` */
export async function bytesOfBundle(
  { dir, files = diskFiles }: LogLocation,
  from: number,
  to: number,
  size: number,
): Promise<Uint8Array[]> {
  const bundleIndex = Math.floor(from / tileWidth)
  const start = bundleIndex * tileWidth
  const bundle = await readBundle(files, dir, bundleIndex, Math.min(tileWidth, size - start))
  if (bundle === undefined) throw new LogError('damaged', `the bundle of entries ${from} to ${to - 1} is missing`)
  return bundle.slice(from - start, to - start)
}

export function logEntry(index: number, bytes: Uint8Array): LogEntry {
  return { index, bytes, event: parseEvent(bytes) }
}

/** The event in an entry; undefined when it is none. */
export function parseEvent(bytes: Uint8Array): OcsfEvent | undefined {
  try {
    const event: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return isEvent(event) ? event : undefined
  } catch {
    return undefined
  }
}

function isEvent(value: unknown): value is OcsfEvent {
  if (typeof value !== 'object' || value === null) return false
  const { class_uid, time, metadata } = value as Partial<Record<keyof OcsfEvent, unknown>>
  return typeof class_uid === 'number' && typeof time === 'number' && typeof metadata === 'object' && metadata !== null
}

export function passes(event: OcsfEvent, filter: EntryFilter): boolean {
  const { principal, since, until, classUid, statusId, exchange } = filter
  return (
    (principal === undefined || event.actor?.user?.uid === principal) &&
    (since === undefined || event.time >= since) &&
    (until === undefined || event.time < until) &&
    (classUid === undefined || event.class_uid === classUid) &&
    (statusId === undefined || event.status_id === statusId) &&
    (exchange === undefined || event.metadata.correlation_uid === exchange)
  )
}
