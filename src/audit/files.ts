// The few things the log asks of a file system. Durability is spelled out: what was written survives a power cut once
// `datasync` returned, and a name once `syncFolder` of its folder returned. A test puts its own in place of the disk
// and throws away everything that was not asked to be durable.
import { constants, write, writeSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { LogError } from './error.ts'

export interface LogFile {
  /** Writes all of it, or rejects. */
  write(data: Uint8Array, position: number): Promise<void>
  datasync(): Promise<void>
  close(): Promise<void>
}

/** A file that is durable as soon as it is written: for many small writes. */
export interface SyncedFile {
  /** Writes all of it and resolves once it survives a power cut, or rejects: then any part of it may be there. */
  write(data: Uint8Array, position: number): Promise<void>
  close(): Promise<void>
}

export interface LogFiles {
  /** A part of a file, or all of it; undefined when there is no such file. */
  read(path: string, from?: number, length?: number): Promise<Uint8Array | undefined>
  /** Bytes; undefined when there is no such file. */
  sizeOf(path: string): Promise<number | undefined>
  /** Names in a folder; empty when there is no such folder. */
  list(folder: string): Promise<string[]>
  /** Opens for writing in place; makes the file when there is none. */
  open(path: string): Promise<LogFile>
  /** Opens what is there for writes that are durable when they return. */
  openSynced(path: string): Promise<SyncedFile>
  /**
   * Opens what is there for writes that the system has taken over when they return, so that they survive the process;
   * the machine's death only once `datasync` has returned.
   */
  openCached(path: string): Promise<LogFile>
  /** Opens for writing, empty. */
  create(path: string): Promise<LogFile>
  rename(from: string, to: string): Promise<void>
  /** Removes a file or an empty folder, if it is there. */
  remove(path: string): Promise<void>
  /** Makes a folder and those above it. @returns the topmost one that was not there; undefined when all were */
  makeFolder(path: string): Promise<string | undefined>
  syncFolder(path: string): Promise<void>
  /**
   * Takes the lock of a log until the returned function is called or the process ends, however it ends.
   * @throws LogError `locked`
   */
  lock(path: string): Promise<() => void>
}

const windowsCannotSyncFolders = process.platform === 'win32'

export const diskFiles: LogFiles = {
  async read(path, from, length) {
    const whole = from === undefined && length === undefined
    return whole ? readFile(path).catch(noSuchFile) : readPart(path, from ?? 0, length)
  },
  async sizeOf(path) {
    return (await stat(path).catch(noSuchFile))?.size
  },
  async list(folder) {
    return (await readdir(folder).catch(noSuchFile)) ?? []
  },
  async open(path) {
    // 'r+' keeps what is there; 'wx+' makes it when there is nothing.
    return diskFile((await open(path, 'r+').catch(noSuchFile)) ?? (await open(path, 'wx+', 0o600)))
  },
  async openSynced(path) {
    // One call into the system where its write can sync as well. On macOS O_DSYNC stops at the disk's cache.
    if (process.platform !== 'linux') return syncedByTwoCalls(await open(path, 'r+'))
    return syncedByOneCall(await open(path, constants.O_WRONLY | constants.O_DSYNC))
  },
  async openCached(path) {
    return cachedFile(await open(path, 'r+'))
  },
  async create(path) {
    return diskFile(await open(path, 'w', 0o600))
  },
  rename,
  async remove(path) {
    await rm(path, { force: true }).catch(() => rmdir(path))
  },
  makeFolder: (path) => mkdir(path, { recursive: true, mode: 0o700 }),
  async syncFolder(path) {
    if (windowsCannotSyncFolders) return
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
  async lock(path) {
    return lockThroughSqlite(path)
  },
}

function diskFile(handle: FileHandle): LogFile {
  return {
    async write(data, position) {
      for (let done = 0; done < data.length; ) {
        const { bytesWritten } = await handle.write(data, done, data.length - done, position + done)
        done += bytesWritten
      }
    },
    datasync: () => handle.datasync(),
    close: () => handle.close(),
  }
}

function syncedByTwoCalls(handle: FileHandle): SyncedFile {
  const file = diskFile(handle)
  return {
    async write(data, position) {
      await file.write(data, position)
      await file.datasync()
    },
    close: file.close,
  }
}

/** With callbacks, since every answer of the gateway waits for one of these: a promise of fs costs twice as much. */
function syncedByOneCall(handle: FileHandle): SyncedFile {
  return {
    write: (data, position) =>
      new Promise((resolve, reject) => {
        const writeFrom = (done: number) =>
          write(handle.fd, data, done, data.length - done, position + done, (error, written) => {
            if (error !== null) reject(error)
            else if (done + written < data.length) writeFrom(done + written)
            else resolve()
          })
        writeFrom(0)
      }),
    close: () => handle.close(),
  }
}

/** Writes at once: copying a few KB into the system's cache takes less time than handing them to another thread. */
function cachedFile(handle: FileHandle): LogFile {
  return {
    ...diskFile(handle),
    async write(data, position) {
      for (let done = 0; done < data.length; )
        done += writeSync(handle.fd, data, done, data.length - done, position + done)
    },
  }
}

async function readPart(path: string, from: number, length: number | undefined): Promise<Uint8Array | undefined> {
  const handle = await open(path, 'r').catch(noSuchFile)
  if (handle === undefined) return undefined
  try {
    const wanted = length ?? Math.max(0, (await handle.stat()).size - from)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(wanted), 0, wanted, from)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function noSuchFile(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}

/**
 * An exclusive SQLite transaction over an empty file. Node has no file locks of its own, and a file with a process id
 * is no lock: the process in a restarted container often has the id of the one before it, and two processes that find
 * a stale file can both take it. SQLite's locks are the kernel's and end with the process.
 */
function lockThroughSqlite(path: string): () => void {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    const isBusy = cause instanceof Error && 'errcode' in cause && cause.errcode === sqliteBusy
    throw isBusy
      ? new LogError('locked', `another process is writing to this log (${path}); stop it first`, cause)
      : new LogError('io', `cannot lock ${path}: ${cause instanceof Error ? cause.message : cause}`, cause)
  }
  return () => database.close()
}

const sqliteBusy = 5
