// For tests: a disk in memory that can lose power before any of its operations. What was not synced is then gone, or
// there in part, as the test chooses: a sector of a write (512 bytes), or a name in a folder.
import { dirname } from 'node:path'
import { LogError } from './error.ts'
import type { LogFile, LogFiles, SyncedFile } from './files.ts'

interface Inode {
  durable: Buffer
  current: Buffer
  unsynced: { position: number; data: Buffer }[]
}
type Entry = Inode | 'folder'

export interface CrashDiskOptions {
  /** Power goes out before this operation (counted from 0): it and all later ones reject. */
  readonly crashAt?: number
  /** Return an error to make an operation fail without losing power. */
  readonly fault?: (operation: string, path: string) => Error | undefined
}

const sectorBytes = 512

export class CrashDisk implements LogFiles {
  readonly #options: CrashDiskOptions
  readonly #current = new Map<string, Entry>()
  readonly #durable = new Map<string, Entry>()
  #isLocked = false
  #operations = 0

  constructor(options: CrashDiskOptions = {}) {
    this.#options = options
  }

  /** Changing operations so far. */
  get operations(): number {
    return this.#operations
  }

  /**
   * The disk as it is found after the power came back.
   *
   * @param keep  asked for each unsynced sector and name: did it reach the disk all the same?
   */
  afterCrash(keep: () => boolean = () => false): CrashDisk {
    const disk = new CrashDisk()
    const names = new Map<string, Entry>()
    for (const path of new Set([...this.#durable.keys(), ...this.#current.keys()])) {
      const [durable, current] = [this.#durable.get(path), this.#current.get(path)]
      const entry = durable !== current && keep() ? current : durable
      if (entry !== undefined) names.set(path, entry)
    }
    for (const [path, entry] of names) {
      const survivor = entry === 'folder' ? entry : surviving(entry, keep)
      disk.#current.set(path, survivor)
      disk.#durable.set(path, survivor)
    }
    for (const path of names.keys()) if (!disk.#isReachable(path)) disk.#forget(path)
    return disk
  }

  /** Writes a file as somebody would who has the disk in hand: at once, without any operation. */
  tamper(path: string, content: Uint8Array | undefined): void {
    if (content === undefined) this.#forget(path)
    else {
      const copy = Buffer.from(content)
      const inode = { durable: copy, current: copy, unsynced: [] }
      this.#current.set(path, inode)
      this.#durable.set(path, inode)
    }
  }

  /** Paths of all files. */
  paths(): string[] {
    return [...this.#current].filter(([, entry]) => entry !== 'folder').map(([path]) => path)
  }

  async read(path: string, from = 0, length?: number): Promise<Uint8Array | undefined> {
    this.#fail('read', path)
    const inode = this.#inode(path)
    // A copy, as from a real disk: what a reader does to it stays with the reader.
    return inode && Buffer.from(inode.current.subarray(from, length === undefined ? undefined : from + length))
  }

  async sizeOf(path: string): Promise<number | undefined> {
    return this.#inode(path)?.current.length
  }

  async list(folder: string): Promise<string[]> {
    const inside = [...this.#current.keys()].filter((path) => dirname(path) === folder)
    return inside.map((path) => path.slice(folder.length + 1))
  }

  async open(path: string): Promise<LogFile> {
    const existing = this.#inode(path)
    return existing === undefined ? this.create(path) : this.#handle(path, existing)
  }

  async create(path: string): Promise<LogFile> {
    this.#step('create', path)
    if (this.#current.get(dirname(path)) !== 'folder') throw new Error(`ENOENT: no folder for ${path}`)
    const inode: Inode = { durable: Buffer.alloc(0), current: Buffer.alloc(0), unsynced: [] }
    this.#current.set(path, inode)
    return this.#handle(path, inode)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step('rename', to)
    const entry = this.#current.get(from)
    if (entry === undefined) throw new Error(`ENOENT: ${from}`)
    this.#current.set(to, entry)
    this.#current.delete(from)
  }

  async remove(path: string): Promise<void> {
    this.#step('remove', path)
    if ((await this.list(path)).length > 0) throw new Error(`ENOTEMPTY: ${path}`)
    this.#current.delete(path)
  }

  async makeFolder(path: string): Promise<string | undefined> {
    this.#step('makeFolder', path)
    let topmost: string | undefined
    for (let folder = path; dirname(folder) !== folder && !this.#current.has(folder); folder = dirname(folder)) {
      this.#current.set(folder, 'folder')
      topmost = folder
    }
    return topmost
  }

  async syncFolder(path: string): Promise<void> {
    this.#step('syncFolder', path)
    for (const name of this.#durable.keys()) {
      if (dirname(name) === path && name !== path && !this.#current.has(name)) this.#durable.delete(name)
    }
    for (const [name, entry] of this.#current) if (dirname(name) === path) this.#durable.set(name, entry)
  }

  async lock(path: string): Promise<() => void> {
    if (this.#isLocked) throw new LogError('locked', `another process is writing to this log (${path})`)
    this.#isLocked = true
    return () => {
      this.#isLocked = false
    }
  }

  openCached(path: string): Promise<LogFile> {
    return this.open(path)
  }

  async openSynced(path: string): Promise<SyncedFile> {
    const file = await this.open(path)
    return {
      // In two steps, so that a crash can come in between.
      write: async (data, position) => {
        await file.write(data, position)
        await file.datasync()
      },
      close: file.close,
    }
  }

  #handle(path: string, inode: Inode): LogFile {
    return {
      write: async (data, position) => {
        this.#step('write', path)
        const write = { position, data: Buffer.from(data) }
        inode.unsynced.push(write)
        inode.current = overlaid(inode.current, [write])
      },
      datasync: async () => {
        this.#step('datasync', path)
        inode.durable = inode.current
        inode.unsynced = []
      },
      close: async () => {},
    }
  }

  #inode(path: string): Inode | undefined {
    const entry = this.#current.get(path)
    return entry === 'folder' ? undefined : entry
  }

  #isReachable(path: string): boolean {
    const folder = dirname(path)
    return dirname(folder) === folder || (this.#current.get(folder) === 'folder' && this.#isReachable(folder))
  }

  #forget(path: string): void {
    this.#current.delete(path)
    this.#durable.delete(path)
  }

  #step(operation: string, path: string): void {
    if (this.#operations++ >= (this.#options.crashAt ?? Number.POSITIVE_INFINITY)) throw new Error('EIO: power is out')
    this.#fail(operation, path)
  }

  #fail(operation: string, path: string): void {
    const error = this.#options.fault?.(operation, path)
    if (error !== undefined) throw error
  }
}

function surviving(inode: Inode, keep: () => boolean): Inode {
  const kept: { position: number; data: Buffer }[] = []
  for (const { position, data } of inode.unsynced) {
    for (let at = 0; at < data.length; ) {
      const end = Math.min(data.length, at + sectorBytes - ((position + at) % sectorBytes))
      if (keep()) kept.push({ position: position + at, data: data.subarray(at, end) })
      at = end
    }
  }
  const content = overlaid(inode.durable, kept)
  return { durable: content, current: content, unsynced: [] }
}

/** A new buffer: contents are never changed in place, so that they can be shared. */
function overlaid(content: Buffer, writes: readonly { position: number; data: Uint8Array }[]): Buffer {
  const result = Buffer.alloc(Math.max(content.length, ...writes.map(({ position, data }) => position + data.length)))
  result.set(content)
  for (const { position, data } of writes) result.set(data, position)
  return result
}
