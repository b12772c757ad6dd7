// The writer of a log. An entry is durable in the journal before its promise resolves; entries that arrive while one
// write is under way go together into the next (group commit). Every second, or every 256 entries, what is durable
// goes into the tree under a signed checkpoint.
import { LogError } from './error.ts'
import type { OcsfEvent } from './events/event.ts'
import { type Journal, recordBytes } from './journal.ts'
import type { Publisher } from './publisher.ts'
import { maxEntryBytes } from './tlog/tiles.ts'

export interface AuditLog {
  /**
   * Appends an event. Calls are answered in their order, and that is the order of the entries; the event gets its
   * index as `metadata.sequence`. Resolves only once the entry survives a power cut; with group durability once it
   * survives the end of the process, and a power cut at most `syncEveryMs` later.
   *
   * @throws LogError `io` when the disk refuses (the next call tries again), `too_large` for an event of more than
   *         65,535 bytes, `argument` for one that is no JSON, `closed`
   */
  append(event: OcsfEvent): Promise<{ readonly index: number }>
  /**
   * As `append`, for what nobody waits for: goes into the next write, at the latest after 50 ms, so that it costs no
   * sync of its own. @throws as `append`
   */
  note(event: OcsfEvent): Promise<{ readonly index: number }>
  /** Durable entries. */
  readonly size: number
  /** How much there is at this moment. */
  state(): LogState
  /** Why the tree could not be written the last time it was tried; undefined when all is well. */
  readonly trouble: LogError | undefined
  /** Puts all that is durable under a signed checkpoint now. @throws LogError `io`, `closed` */
  checkpoint(): Promise<void>
  /** Waits for what was appended, signs a last checkpoint and gives the log free. @throws LogError `io` */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Plain data. */
export interface LogState {
  /** Durable entries. */
  readonly entries: number
  /** Entries that are to be made durable. */
  readonly waiting: number
  /** Entries under the newest signed checkpoint. */
  readonly treeEntries: number
  /** ms since the epoch at which that was signed; undefined when it was before the log was opened. */
  readonly signedAt: number | undefined
}

export interface LogParts {
  readonly publisher: Publisher
  readonly intervalMs: number
  readonly maxPending: number
  /** How long an entry may be in the system's cache only, ms; undefined when each write is synced. */
  readonly syncEveryMs: number | undefined
  /** Two fresh, preallocated journals in place of what was there. */
  readonly freshJournals: () => Promise<[Journal, Journal]>
  readonly journals: [Journal, Journal]
  readonly unlock: () => void
}

interface Waiting {
  readonly event: OcsfEvent
  readonly resolve: (place: { readonly index: number }) => void
  readonly reject: (error: LogError) => void
}

// One write should not hold up those who wait for it for long.
const maxBatchBytes = 1 << 20
// How long an event may wait for company when nobody waits for it.
const noteDelayMs = 50

export class WritableLog implements AuditLog {
  readonly #parts: LogParts
  #size: number
  /** The first one is written to; the other is free, or full and on its way into the tree. */
  #journals: [Journal, Journal]
  #isJournalSound = true
  #queue: Waiting[] = []
  #pumping: Promise<void> | undefined
  /** Durable, not yet in the tree. */
  #pending: Uint8Array[] = []
  #publishing: Promise<void> = Promise.resolve()
  #nextPublishing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #noteTimer: NodeJS.Timeout | undefined
  /** Entries that survive a power cut, as far as that is known. */
  #synced: number
  #syncTimer: NodeJS.Timeout | undefined
  #trouble: LogError | undefined
  #closing: Promise<void> | undefined
  #isUnlocked = false

  constructor(parts: LogParts) {
    this.#parts = parts
    this.#size = parts.publisher.size
    this.#synced = parts.publisher.size
    this.#journals = parts.journals
  }

  get size(): number {
    return this.#size
  }

  state(): LogState {
    const { size: treeEntries, signedAt } = this.#parts.publisher
    return { entries: this.#size, waiting: this.#queue.length, treeEntries, signedAt }
  }

  get trouble(): LogError | undefined {
    return this.#trouble
  }

  append(event: OcsfEvent): Promise<{ readonly index: number }> {
    if (this.#closing) return Promise.reject(new LogError('closed', 'the log is closed'))
    return new Promise((resolve, reject) => {
      this.#queue.push({ event, resolve, reject })
      this.#pumping ??= this.#pump()
    })
  }

  note(event: OcsfEvent): Promise<{ readonly index: number }> {
    if (this.#closing) return Promise.reject(new LogError('closed', 'the log is closed'))
    return new Promise((resolve, reject) => {
      this.#queue.push({ event, resolve, reject })
      this.#noteTimer ??= setTimeout(() => this.#writeNotes(), noteDelayMs)
    })
  }

  #writeNotes(): void {
    clearTimeout(this.#noteTimer)
    this.#noteTimer = undefined
    if (this.#queue.length > 0) this.#pumping ??= this.#pump()
  }

  checkpoint(): Promise<void> {
    if (this.#isUnlocked) return Promise.reject(new LogError('closed', 'the log is closed'))
    // Calls during a run share the next one: only that is sure to have what they saw.
    this.#nextPublishing ??= this.#publishing
      .catch(() => {})
      .then(() => {
        this.#nextPublishing = undefined
        this.#publishing = this.#publish()
        return this.#publishing
      })
    return this.#nextPublishing
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    try {
      this.#writeNotes()
      await this.#pumping
      await this.checkpoint()
    } finally {
      clearTimeout(this.#timer)
      clearTimeout(this.#syncTimer)
      for (const journal of this.#journals) await journal.close().catch(() => {})
      this.#isUnlocked = true
      this.#parts.unlock()
    }
  }

  /** Writes batches until nobody waits. */
  async #pump(): Promise<void> {
    // All that is appended in the same turn of the event loop goes into one write.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) await this.#writeBatch()
    this.#pumping = undefined
  }

  async #writeBatch(): Promise<void> {
    const batch: Waiting[] = []
    try {
      if (!this.#isJournalSound) await this.#replaceJournals()
      const first = this.#size
      const entry = this.#takeEntry(first, batch)
      if (entry === undefined) return
      const journal = await this.#journalWithRoom(recordBytes(entry.length))
      const entries = [entry, ...this.#takeMore(first + 1, Math.min(maxBatchBytes, journal.room), entry.length, batch)]
      await this.#appendTo(journal, first, entries)
      this.#pending.push(...entries)
      this.#size += entries.length
      for (const [at, { resolve }] of batch.entries()) resolve({ index: first + at })
      this.#schedule()
    } catch (cause) {
      const error = ioError('the event could not be made durable', cause)
      // Those who wait behind would meet the same disk; the next append tries again.
      for (const { reject } of [...batch, ...this.#queue.splice(0)]) reject(error)
    }
  }

  /** The next event that can be stored, as its entry; those that cannot be are answered. */
  #takeEntry(index: number, batch: Waiting[]): Uint8Array | undefined {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        const entry = encodeEntry(next.event, index)
        batch.push(next)
        return entry
      } catch (error) {
        next.reject(error instanceof LogError ? error : new LogError('argument', 'the event is no JSON', error))
      }
    }
    return undefined
  }

  #takeMore(first: number, room: number, used: number, batch: Waiting[]): Uint8Array[] {
    const entries: Uint8Array[] = []
    let free = room - recordBytes(used)
    // An entry is taken only when the largest one would fit, so that none has to be given back.
    while (this.#queue.length > 0 && free >= recordBytes(maxEntryBytes)) {
      const entry = this.#takeEntry(first + entries.length, batch)
      if (entry === undefined) break
      entries.push(entry)
      free -= recordBytes(entry.length)
    }
    return entries
  }

  async #appendTo(journal: Journal, first: number, entries: readonly Uint8Array[]): Promise<void> {
    try {
      if (this.#parts.syncEveryMs === undefined) await journal.append(first, entries)
      else {
        await journal.append(first, entries, Math.max(this.#synced, this.#parts.publisher.size))
        this.#syncTimer ??= setTimeout(() => this.#sync(), this.#parts.syncEveryMs)
      }
    } catch (error) {
      this.#isJournalSound = false
      throw error
    }
  }

  async #sync(): Promise<void> {
    this.#syncTimer = undefined
    const reached = this.#size
    try {
      for (const journal of this.#journals) await journal.sync()
      this.#synced = Math.max(this.#synced, reached)
    } catch (cause) {
      // What is not in the journals for certain is still pending here: it goes into the tree.
      this.#isJournalSound = false
      this.#trouble = ioError('the journal could not be synced', cause)
      this.checkpoint().catch(() => {})
    }
  }

  /** The journal to write to, begun again when all of it is in the tree. */
  async #journalWithRoom(bytes: number): Promise<Journal> {
    for (;;) {
      const { size } = this.#parts.publisher
      const [active, other] = this.#journals
      if (active.end <= size) active.rewind()
      if (active.room >= bytes) return active
      if (other.end <= size) this.#journals = [other, active]
      else await this.checkpoint()
    }
  }

  /** After a failed write nothing is known of a journal: what was durable goes into the tree, then both are made anew. */
  async #replaceJournals(): Promise<void> {
    await this.checkpoint()
    const broken = this.#journals
    this.#journals = await this.#parts.freshJournals()
    this.#isJournalSound = true
    for (const journal of broken) await journal.close().catch(() => {})
  }

  /** After a failure only the timer tries again, so that a full disk is not asked in a tight loop. */
  #schedule(): void {
    const isDue = this.#trouble === undefined && this.#pending.length >= this.#parts.maxPending
    if (isDue) this.checkpoint().catch(() => {})
    else if (this.#pending.length > 0) this.#startTimer()
  }

  /** Does not keep the program running: what waits for its checkpoint is durable. */
  #startTimer(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.checkpoint().catch(() => {})
    }, this.#parts.intervalMs).unref()
  }

  async #publish(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const entries = this.#pending.slice()
    if (entries.length === 0) return
    try {
      await this.#parts.publisher.publish(entries)
      this.#pending = this.#pending.slice(entries.length)
      this.#trouble = undefined
    } catch (cause) {
      this.#trouble = ioError('the tree could not be written', cause)
      throw this.#trouble
    } finally {
      if (!this.#closing) this.#schedule()
    }
  }
}

/** The stored form of an event: JSON with its index as `metadata.sequence`. */
function encodeEntry(event: OcsfEvent, index: number): Uint8Array {
  const entry = Buffer.from(JSON.stringify({ ...event, metadata: { ...event.metadata, sequence: index } }))
  if (entry.length > maxEntryBytes) {
    throw new LogError('too_large', `the event has ${entry.length} bytes; an entry holds at most ${maxEntryBytes}`)
  }
  return entry
}

export function ioError(what: string, cause: unknown): LogError {
  if (cause instanceof LogError) return cause
  return new LogError('io', `${what}: ${cause instanceof Error ? cause.message : cause}`, cause)
}
