// Reading a backup to its end and checking all of it on the way: the encryption, the container, every count and hash,
// the keys, and the log, whose entries must be those that its checkpoint was signed over. In constant memory.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { LogCheck, type LogTrust, publicKeysOf } from '#audit'
import { readKeyFile } from '#crypto'
import type { TableShape, Value } from '#store'
import { type Opening, openStream } from './age.ts'
import { BackupError, ioError } from './error.ts'
import { type End, type Manifest, type Place, parseEnd, parseManifest, placeOf } from './manifest.ts'
import type { BackupReport } from './report.ts'
import { decodeRows } from './rows.ts'
import { encodeMember, type Member, readMembers } from './tar.ts'

/** Takes what a backup holds, each part checked by itself. Nothing counts before `readBackup` has returned. */
export interface BackupSink {
  begin(manifest: Manifest): Promise<void>
  /** @param path  relative to the data folder */
  file(path: string, data: Uint8Array, kind: 'key' | 'file'): Promise<void>
  history(piece: Uint8Array): Promise<void>
  entries(entries: readonly Uint8Array[]): Promise<void>
  rows(table: TableShape, rows: readonly (readonly Value[])[]): Promise<void>
  /** All of it was there and right. */
  end(log: { readonly checkpoint: string; readonly publicKeys: string }): Promise<void>
}

export interface ReadOptions {
  readonly trust?: LogTrust
  readonly sink?: BackupSink
  readonly progress?: (bytes: number) => void
}

type Reopening = Parameters<typeof openStream>[1]

/**
 * Reads and checks a backup.
 *
 * @throws BackupError `wrong_key`, `damaged`, `newer`, `io`; LogError when the log in it is not what was signed
 */
export async function readBackup(file: string, opening: Opening | Reopening, options: ReadOptions = {}) {
  let bytes = 0
  const source = createReadStream(file, { highWaterMark: 1 << 20 })
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      bytes += piece.length
      options.progress?.(bytes)
      yield piece
    }
  }
  try {
    const reading = new Reading(options)
    for await (const member of readMembers(await openStream(counted(), opening))) await reading.accept(member)
    return await reading.finish(bytes)
  } catch (error) {
    throw ioError(`${file} cannot be read`, error)
  } finally {
    source.destroy()
  }
}

/** The order in which the kinds of members come. */
const order: Readonly<Record<Place['kind'], number>> = {
  manifest: 0,
  publicKeys: 1,
  checkpoint: 2,
  key: 3,
  file: 4,
  history: 5,
  entries: 6,
  rows: 7,
  end: 8,
}
const single: ReadonlySet<Place['kind']> = new Set(['manifest', 'publicKeys', 'checkpoint', 'end'])
/** More keys and files than an installation has, and less than fills a disk. */
const maxFiles = 10_000
const maxFileBytes = 4 << 20

class Reading {
  readonly #options: ReadOptions
  readonly #hash = createHash('sha256')
  readonly #counts = { members: 0, keys: 0, files: 0, entries: 0 }
  readonly #rows = new Map<string, number>()
  #last: Place['kind'] | undefined
  #manifest: Manifest | undefined
  #publicKeys = ''
  #checkpoint = ''
  #log: LogCheck | undefined
  #hasLogKey = false
  /** Of keys and files, which become files of the same names. */
  readonly #names = new Set<string>()
  #end: End | undefined

  constructor(options: ReadOptions) {
    this.#options = options
  }

  async accept(member: Member): Promise<void> {
    const place = placeOf(member.name)
    this.#requireOrder(place.kind)
    if (place.kind === 'end') {
      this.#end = parseEnd(member.data)
      return
    }
    if (place.kind === 'key' || place.kind === 'file') {
      if (this.#names.has(member.name)) throw damaged('a file is in it twice')
      this.#names.add(member.name)
    }
    this.#counts.members++
    for (const bytes of encodeMember(member)) this.#hash.update(bytes)
    await this.#take(place, member.data)
  }

  async finish(bytes: number): Promise<BackupReport> {
    const { manifest, log } = this.#opened()
    const end = this.#end
    if (end === undefined) throw damaged('its end is missing')
    const rows = Object.fromEntries(manifest.tables.map(({ name }) => [name, this.#rows.get(name) ?? 0]))
    const found: End = { ...this.#counts, rows, sha256: this.#hash.digest('hex') }
    const isWhole = canonical(found) === canonical(end)
    if (!isWhole) throw damaged('it does not hold what its end says')
    if (!this.#hasLogKey) throw damaged('the key of the log is missing')
    log.finish()
    await this.#options.sink?.end({ checkpoint: this.#checkpoint, publicKeys: this.#publicKeys })
    const { id, madeAt, version, origin, store } = manifest
    const signedAt = log.checkpoint.signedAt === undefined ? undefined : log.checkpoint.signedAt * 1000
    return { id, madeAt, version, bytes, origin, signedAt, store, ...this.#counts, rows }
  }

  #requireOrder(kind: Place['kind']): void {
    const before = this.#last === undefined ? -1 : order[this.#last]
    const isNext = order[kind] > before || (order[kind] === before && !single.has(kind))
    // The first three are there in every backup, and what comes later relies on them.
    if (!isNext || (order[kind] <= order.key && order[kind] > before + 1)) throw damaged('its members are out of order')
    if (order[kind] > order.key && before < order.checkpoint) throw damaged('its members are out of order')
    this.#last = kind
  }

  async #take(place: Place, data: Uint8Array): Promise<void> {
    const { sink, trust } = this.#options
    switch (place.kind) {
      case 'manifest':
        this.#manifest = parseManifest(data)
        return sink?.begin(this.#manifest)
      case 'publicKeys':
        this.#publicKeys = Buffer.from(data).toString('utf8')
        return
      case 'checkpoint':
        this.#checkpoint = Buffer.from(data).toString('utf8')
        this.#log = new LogCheck(this.#checkpoint, this.#publicKeys, trust)
        return this.#requireSameLog()
      case 'key':
        this.#takeKey(place.path, data)
        return sink?.file(place.path, data, 'key')
      case 'file':
        this.#counts.files++
        requireFewAndSmall(this.#counts.files, data)
        return sink?.file(place.path, data, 'file')
      case 'history':
        return sink?.history(data)
      case 'entries': {
        const entries = this.#opened().log.add(data)
        this.#counts.entries += entries.length
        return sink?.entries(entries)
      }
      case 'rows':
        return this.#takeRows(place.table, data)
    }
  }

  #takeKey(path: string, data: Uint8Array): void {
    const { manifest } = this.#opened()
    this.#counts.keys++
    requireFewAndSmall(this.#counts.keys, data)
    const purpose = path.slice('keys/'.length, -'.key'.length)
    const key = readKeyFile(Buffer.from(data).toString('utf8'), { path, purpose })
    if (purpose !== 'log') return
    if (key.kind !== 'signing' || publicKeysOf(manifest.origin, key.keys) !== this.#publicKeys) {
      throw damaged('the key of the log is not the one that signed it')
    }
    this.#hasLogKey = true
  }

  async #takeRows(name: string, data: Uint8Array): Promise<void> {
    const table = this.#opened().manifest.tables.find((known) => known.name === name)
    if (table === undefined) throw damaged(`it has rows of a table that it does not describe`)
    const rows = decodeRows(data, table)
    this.#rows.set(name, (this.#rows.get(name) ?? 0) + rows.length)
    await this.#options.sink?.rows(table, rows)
  }

  #requireSameLog(): void {
    const { manifest, log } = this.#opened()
    if (log.checkpoint.origin !== manifest.origin || log.checkpoint.size !== manifest.logSize) {
      throw damaged('its log is not the one that it describes')
    }
  }

  #opened(): { manifest: Manifest; log: LogCheck } {
    if (this.#manifest === undefined || this.#log === undefined) throw damaged('it has no manifest or no log')
    return { manifest: this.#manifest, log: this.#log }
  }
}

function requireFewAndSmall(count: number, data: Uint8Array): void {
  if (count > maxFiles || data.length > maxFileBytes) throw damaged('it has too many or too large files')
}

function canonical({ members, keys, files, entries, rows, sha256 }: End): string {
  const sorted = Object.entries(rows).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([members, keys, files, entries, sorted, sha256])
}

function damaged(why: string): BackupError {
  return new BackupError('damaged', `the backup is not one of ours, or was changed: ${why}`)
}
