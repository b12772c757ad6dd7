// Finding something in a long log without reading all of it: by a text, from the newest entry backwards, and by time.
import { bytesOfBundle, type LogEntry, type LogLocation, logEntry, parseEvent, readSnapshot } from './read.ts'
import { tileWidth } from './tlog/tiles.ts'

/**
 * The entries in whose stored bytes the text occurs, newest first. An entry is parsed only when it has the text.
 *
 * @param text   without anything that JSON would escape, such as an id
 * @param since  ms since the epoch: stops at the first 256 entries that are all older
 * @throws LogError as readEntries
 */
export async function* searchEntries(
  location: LogLocation & { readonly text: string; readonly since?: number | undefined },
): AsyncGenerator<LogEntry> {
  const { text, since = Number.NEGATIVE_INFINITY } = location
  const { size, tail } = await readSnapshot(location)
  yield* having(text, tail, size)
  for (let end = size; end > 0; ) {
    const start = Math.floor((end - 1) / tileWidth) * tileWidth
    const bundle = await bytesOfBundle(location, start, end, size)
    yield* having(text, bundle, start)
    if (since > Number.NEGATIVE_INFINITY && !bundle.some((bytes) => isSince(since, bytes))) return
    end = start
  }
}

/** The last of them first. */
function* having(text: string, entries: readonly Uint8Array[], firstIndex: number): Generator<LogEntry> {
  for (const [at, bytes] of [...entries.entries()].reverse()) {
    const isFound = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(text)
    if (isFound) yield logEntry(firstIndex + at, bytes)
  }
}

function isSince(since: number, bytes: Uint8Array): boolean {
  const time = parseEvent(bytes)?.time
  return time !== undefined && time >= since
}

/** The entry with this index; undefined when there is none yet. @throws LogError as readEntries */
export async function readEntry(location: LogLocation, index: number): Promise<LogEntry | undefined> {
  if (!Number.isSafeInteger(index) || index < 0) return undefined
  const { size, tail } = await readSnapshot(location)
  const [bytes] = index < size ? await bytesOfBundle(location, index, index + 1, size) : [tail[index - size]]
  return bytes === undefined ? undefined : logEntry(index, bytes)
}

/**
 * Where to begin reading for the entries from `time` on: up to 512 entries too early, so that entries which are a little
 * out of order are not missed. Reads a few bundles, however long the log is. It relies on the clock: where that was set
 * back, entries from before may be missed.
 *
 * @param time ms since the epoch
 * @throws LogError as readEntries
 */
export async function seekTime(location: LogLocation, time: number): Promise<number> {
  const { size } = await readSnapshot(location)
  let low = 0
  let high = Math.ceil(size / tileWidth)
  while (low < high) {
    const middle = (low + high) >> 1
    const first = await firstTime(location, middle, size)
    if (first !== undefined && first < time) low = middle + 1
    else high = middle
  }
  return Math.max(0, (low - 2) * tileWidth)
}

/** The time of the first entry of a bundle that is an event. */
async function firstTime(location: LogLocation, bundle: number, size: number): Promise<number | undefined> {
  const start = bundle * tileWidth
  const entries = await bytesOfBundle(location, start, Math.min(size, start + tileWidth), size)
  for (const bytes of entries) {
    const time = parseEvent(bytes)?.time
    if (time !== undefined) return time
  }
  return undefined
}
