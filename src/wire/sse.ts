// Server-sent events, read incrementally (WHATWG HTML, section 9.2.6 "Interpreting an event stream").
// Each event keeps its raw bytes, so that one that is not changed is forwarded exactly as it came.
import { WireError } from './errors.ts'

export interface SseEvent {
  /** The event as it came, with the blank line that ends it. */
  readonly raw: Buffer
  /** False when the stream ended before that blank line: whatever is sent next would become part of this event. */
  readonly isComplete: boolean
  /** The `data` lines joined by line feeds; undefined when there is none, as in a comment that keeps a connection open. */
  readonly data: Buffer | undefined
  /** Where each data line begins, in `data` and in `raw`. */
  readonly lines: readonly DataLine[]
  /** The last `event` field, if it is short and plain enough to say nothing. */
  readonly type: string | undefined
  /** Nothing but data and well-formed `event`, `id` and `retry` fields: `raw` holds no other text. */
  readonly isPlain: boolean
}

interface DataLine {
  readonly dataStart: number
  readonly rawStart: number
}

export interface SseReader {
  /** Takes the next bytes, cut anywhere; returns the events that they complete. */
  push(chunk: Uint8Array): SseEvent[]
  /** The stream is over: returns an event that lacked its final blank line, if any. */
  end(): SseEvent[]
}

/**
 * @param maxEventBytes longest event, line ends included, >= 1; a longer one is a WireError (event_too_large, 502)
 */
export function createSseReader({ maxEventBytes }: { readonly maxEventBytes: number }): SseReader {
  return new EventReader(maxEventBytes)
}

const LF = 0x0a
const CR = 0x0d

/** 1 for line feed and carriage return. */
const ENDS_LINE = new Uint8Array(256)
ENDS_LINE[LF] = 1
ENDS_LINE[CR] = 1

class EventReader implements SseReader {
  private readonly maxEventBytes: number
  /** The unfinished event is bytes[0, used). */
  private bytes: Buffer = EMPTY
  private used = 0
  /** Whether `bytes` is ours to write behind `used`: handed-out events and the caller's chunks are not. */
  private isOwn = false
  /** Up to where the unfinished event has been searched, and where its last line begins. */
  private at = 0
  private lineStart = 0
  /** Start and end of each finished line of the unfinished event. */
  private bounds: number[] = []
  private isFirst = true

  constructor(maxEventBytes: number) {
    this.maxEventBytes = maxEventBytes
  }

  push(chunk: Uint8Array): SseEvent[] {
    this.append(chunk)
    return this.read(false)
  }

  end(): SseEvent[] {
    const events = this.read(true)
    if (this.lineStart < this.used) this.bounds.push(this.lineStart, this.used)
    if (this.bounds.length > 0) events.push(this.take(0, this.used, false))
    this.forget(this.used)
    return events
  }

  private append(chunk: Uint8Array): void {
    if (this.used === 0) {
      this.bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      this.used = chunk.length
      this.isOwn = false
      return
    }
    const needed = this.used + chunk.length
    if (!this.isOwn || needed > this.bytes.length) {
      // Doubling keeps a stream that is cut into single bytes from being copied once for each.
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.used))
      this.bytes.copy(larger, 0, 0, this.used)
      this.bytes = larger
      this.isOwn = true
    }
    this.bytes.set(chunk, this.used)
    this.used = needed
  }

  private read(isOver: boolean): SseEvent[] {
    const { bytes, used } = this
    const events: SseEvent[] = []
    let eventStart = 0
    let at = this.at
    for (;;) {
      while (at < used && ENDS_LINE[bytes[at] ?? 0] === 0) at++
      // A carriage return at the very end may be the first half of CR LF.
      if (at >= used || (bytes[at] === CR && at + 1 === used && !isOver)) break
      const next = bytes[at] === CR && at + 1 < used && bytes[at + 1] === LF ? at + 2 : at + 1
      if (at > this.lineStart) {
        this.bounds.push(this.lineStart, at)
      } else {
        events.push(this.take(eventStart, next, true))
        eventStart = next
      }
      at = next
      this.lineStart = next
    }
    this.at = at
    this.forget(eventStart)
    if (this.used > this.maxEventBytes) throw tooLarge(this.maxEventBytes)
    return events
  }

  /** The event at [start, end), whose lines have been collected. */
  private take(start: number, end: number, isComplete: boolean): SseEvent {
    if (end - start > this.maxEventBytes) throw tooLarge(this.maxEventBytes)
    const raw = this.bytes.subarray(start, end)
    const bounds = this.bounds.map((bound) => bound - start)
    if (this.isFirst && raw.subarray(0, 3).equals(BYTE_ORDER_MARK) && bounds.length > 0) bounds[0] = 3
    this.isFirst = false
    this.bounds = []
    return { raw, isComplete, ...interpret(raw, bounds) }
  }

  /** Drops the first `count` bytes, which have been handed out. */
  private forget(count: number): void {
    if (count === 0) return
    this.bytes = this.bytes.subarray(count, this.used)
    this.used -= count
    this.at -= count
    this.lineStart -= count
    this.bounds = this.bounds.map((bound) => bound - count)
    this.isOwn = false
  }
}

const EMPTY = Buffer.alloc(0)
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** Reads the fields of one event from the bounds of its lines. */
function interpret(raw: Buffer, bounds: readonly number[]): Pick<SseEvent, 'data' | 'lines' | 'type' | 'isPlain'> {
  const lines: DataLine[] = []
  const values: Buffer[] = []
  let dataStart = 0
  let type: string | undefined
  let isPlain = true
  for (let i = 0; i < bounds.length; i += 2) {
    const line = raw.subarray(bounds[i], bounds[i + 1])
    const colon = line.indexOf(0x3a)
    const nameEnd = colon < 0 ? line.length : colon
    const valueStart = line[nameEnd + 1] === 0x20 ? nameEnd + 2 : nameEnd + 1
    const value = line.subarray(valueStart)
    if (isData(line, nameEnd)) {
      lines.push({ dataStart, rawStart: (bounds[i] ?? 0) + Math.min(valueStart, line.length) })
      values.push(value)
      dataStart += value.length + 1
    } else {
      const field = line.toString('latin1', 0, nameEnd)
      const isKnown = isHarmless(field, value)
      if (field === 'event') type = isKnown ? value.toString('latin1') : undefined
      isPlain &&= isKnown
    }
  }
  const data = values.length > 1 ? joinLines(values) : values[0]
  return { data, lines, type, isPlain }
}

function isData(line: Buffer, nameEnd: number): boolean {
  return nameEnd === 4 && line[0] === 0x64 && line[1] === 0x61 && line[2] === 0x74 && line[3] === 0x61
}

/** Fields that say nothing: an empty comment, an event type, a counting id, a reconnection time in ms. */
function isHarmless(field: string, value: Buffer): boolean {
  if (value.length > 40) return false
  return (HARMLESS.get(field) ?? NEVER).test(value.toString('latin1'))
}

/** Nobody inspects these values, so none of them has room for a key, an account number or an address. */
const HARMLESS: ReadonlyMap<string, RegExp> = new Map([
  ['', /^$/],
  ['event', /^[a-z_.-]*$/],
  ['id', /^\d{0,8}$/],
  ['retry', /^\d{0,8}$/],
])
const NEVER = /(?!)/

function joinLines(values: readonly Buffer[]): Buffer {
  const feed = Buffer.from([LF])
  return Buffer.concat(values.flatMap((value, i) => (i === 0 ? [value] : [feed, value])))
}

function tooLarge(maxEventBytes: number): WireError {
  const message = `The upstream sent an event of more than ${maxEventBytes} bytes.`
  return new WireError({ code: 'event_too_large', status: 502, message })
}
