// The journal: where an entry becomes durable, before it is in the tree. A preallocated file that is written from its
// start to its end, and again from its start once all of it is in the tree: a write into allocated blocks needs half
// the time of one that makes the file grow.
//
// A record:
//   magic F5 48 46 4A | check u32 | length u32 | round u32 | index u64 | floor u64 | entry
//
// check  CRC-32 over all that follows it
// round  how often the file has been begun; older rounds may still be seen behind the newest one
// floor  all entries before this index were durable when the record was written: this tells a record that was being
//        written at a crash (nobody was promised anything) from one that was damaged later
//
// The magic begins with a byte that no UTF-8 text has, so the content of an entry is never taken for a record.
import { crc32 } from 'node:zlib'
import type { LogFile, SyncedFile } from './files.ts'
import { maxEntryBytes } from './tlog/tiles.ts'

export interface JournalRecord {
  readonly index: number
  readonly floor: number
  readonly round: number
  readonly entry: Uint8Array
}

const magic = Buffer.of(0xf5, 0x48, 0x46, 0x4a)
const checkedFrom = 8
const headerBytes = 32

/** Bytes of a record around an entry of this length. */
export function recordBytes(entryBytes: number): number {
  return headerBytes + entryBytes
}

/** One journal file with the place where it is written next. */
export class Journal {
  readonly #file: SyncedFile | LogFile
  readonly #capacity: number
  #round = 1
  #offset = 0
  #end = 0
  #isSynced = true

  /**
   * @param file      one that syncs each write, or one that `sync` has to be called for
   * @param capacity  bytes of the preallocated file, all zero
   */
  constructor(file: SyncedFile | LogFile, capacity: number) {
    this.#file = file
    this.#capacity = capacity
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.#capacity - this.#offset
  }

  /** One more than the index of the last record; 0 when there is none. */
  get end(): number {
    return this.#end
  }

  /** Begins the file again. Everything in it must be in the tree, under a durable checkpoint. */
  rewind(): void {
    if (this.#offset === 0) return
    this.#offset = 0
    this.#round++
  }

  /**
   * Writes entries `first`, `first + 1`, … with one write. They must fit in `room`. When this rejects, nothing is known
   * of the file and it must be replaced.
   *
   * @param floor  all entries before this index are durable; with a file that syncs each write that is `first`
   */
  async append(first: number, entries: readonly Uint8Array[], floor = first): Promise<void> {
    const batch = Buffer.concat(entries.flatMap((entry, at) => this.#frame(first + at, floor, entry)))
    this.#isSynced = false
    await this.#file.write(batch, this.#offset)
    this.#offset += batch.length
    this.#end = first + entries.length
  }

  /** Resolves once all that was appended before survives a power cut. When it rejects, the file must be replaced. */
  async sync(): Promise<void> {
    if (this.#isSynced || !('datasync' in this.#file)) return
    this.#isSynced = true
    try {
      await this.#file.datasync()
    } catch (error) {
      this.#isSynced = false
      throw error
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  #frame(index: number, floor: number, entry: Uint8Array): [Uint8Array, Uint8Array] {
    const header = Buffer.allocUnsafe(headerBytes)
    header.set(magic)
    header.writeUInt32BE(entry.length, 8)
    header.writeUInt32BE(this.#round, 12)
    header.writeBigUInt64BE(BigInt(index), 16)
    header.writeBigUInt64BE(BigInt(floor), 24)
    header.writeUInt32BE(crc32(entry, crc32(header.subarray(checkedFrom))), 4)
    return [header, entry]
  }
}

/** All sound records of the newest round in a journal file, wherever they are; damaged bytes are passed over. */
export function readRecords(journal: Uint8Array): JournalRecord[] {
  const bytes = Buffer.from(journal.buffer, journal.byteOffset, journal.byteLength)
  const records: JournalRecord[] = []
  let at = 0
  while (at >= 0 && at + headerBytes <= bytes.length) {
    const record = recordAt(bytes, at)
    if (record !== undefined) records.push(record)
    const next = record === undefined ? at + 1 : at + headerBytes + record.entry.length
    at = bytes.indexOf(magic, next)
  }
  const newest = Math.max(0, ...new Set(records.map((record) => record.round)))
  return records.filter((record) => record.round === newest)
}

function recordAt(bytes: Buffer, at: number): JournalRecord | undefined {
  if (bytes.compare(magic, 0, magic.length, at, at + magic.length) !== 0) return undefined
  const length = bytes.readUInt32BE(at + 8)
  const end = at + headerBytes + length
  if (length > maxEntryBytes || end > bytes.length) return undefined
  if (crc32(bytes.subarray(at + checkedFrom, end)) !== bytes.readUInt32BE(at + 4)) return undefined
  return {
    round: bytes.readUInt32BE(at + 12),
    index: Number(bytes.readBigUInt64BE(at + 16)),
    floor: Number(bytes.readBigUInt64BE(at + 24)),
    entry: bytes.subarray(at + headerBytes, end),
  }
}

/** What the journals hold beyond the tree. */
export interface JournalTail {
  /** In order, beginning with the entry after the last one in the tree. */
  readonly entries: readonly Uint8Array[]
  /** The first record that cannot be as it was written; undefined when all is well. */
  readonly damage: { readonly index: number; readonly kind: 'lost' | 'doubled' } | undefined
  /** Sound records after one that was not finished at a crash: nobody was promised them. */
  readonly unfinished: number
}

/**
 * Puts together what the journal files hold beyond the first `size` entries. A record that is missing was lost when
 * a later one says that it was durable; otherwise it was being written at a crash.
 *
 * @param journals  contents of the journal files, in any order
 */
export function journalTail(journals: readonly Uint8Array[], size: number): JournalTail {
  const records = journals
    .flatMap(readRecords)
    .filter((record) => record.index >= size)
    .sort((a, b) => a.index - b.index)
  const entries: Uint8Array[] = []
  for (const [at, { index, entry }] of records.entries()) {
    const expected = size + at
    if (index < expected) return { entries, damage: { index, kind: 'doubled' }, unfinished: 0 }
    if (index > expected) {
      const wasDurable = records.slice(at).some((later) => later.floor > expected)
      const damage = wasDurable ? ({ index: expected, kind: 'lost' } as const) : undefined
      return { entries, damage, unfinished: records.length - at }
    }
    entries.push(entry)
  }
  return { entries, damage: undefined, unfinished: 0 }
}
