// Files that clients send to have them scanned: on disk until they are, and bounded in number and in bytes.
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ApiError } from '../error.ts'

export interface Uploads {
  /**
   * Takes in a file.
   *
   * @param declared  bytes that the client says it has; undefined when it does not say
   * @throws ApiError `too_large`, `busy`, `unavailable`; nothing is left behind then
   */
  take(id: string, bytes: Readable, declared: number | undefined): Promise<void>
  pathOf(id: string): string
  remove(id: string): Promise<void>
  /** Removes every file but these: what a crash has left. */
  keepOnly(ids: ReadonlySet<string>): Promise<void>
}

/** So many times the largest upload may lie here at once. */
const roomFor = 4

/** @param maxBytes  as it is set now */
export async function openUploads(folder: string, maxBytes: () => number): Promise<Uploads> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  /** Bytes that each file has, or may still get. */
  const held = new Map<string, number>()
  const pathOf = (id: string) => join(folder, id)

  async function remove(id: string): Promise<void> {
    await rm(pathOf(id), { force: true })
    held.delete(id)
  }

  return {
    async take(id, bytes, declared) {
      const limit = maxBytes()
      if (declared !== undefined && declared > limit) throw tooLarge(limit)
      const reserved = declared ?? limit
      const taken = [...held.values()].reduce((sum, size) => sum + size, 0)
      if (taken + reserved > roomFor * limit) throw noRoom
      held.set(id, reserved)
      try {
        const counter = bounded(reserved, limit)
        await pipeline(bytes, counter, createWriteStream(pathOf(id), { flags: 'wx', mode: 0o600 }))
        held.set(id, counter.count)
      } catch (error) {
        await remove(id)
        if (error instanceof ApiError) throw error
        if (isCutOff(error)) throw new ApiError('malformed_request', 'The body ended before it was complete.')
        throw new ApiError('unavailable', 'The file could not be stored.', { headers: { 'retry-after': '30' } })
      }
    },
    pathOf,
    remove,
    async keepOnly(ids) {
      for (const name of await readdir(folder)) if (!ids.has(name)) await rm(join(folder, name), { force: true })
      for (const id of ids) held.set(id, 0)
    },
  }
}

class Counter extends Transform {
  count = 0
}

function bounded(most: number, limit: number): Counter {
  const counter = new Counter({
    transform(piece: Buffer, _encoding, done) {
      counter.count += piece.length
      if (counter.count > most) done(tooLarge(limit))
      else done(null, piece)
    },
  })
  return counter
}

function isCutOff(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ERR_STREAM_DESTROYED'
}

function tooLarge(limit: number): ApiError {
  return new ApiError('too_large', `A file of at most ${limit} bytes is taken here; scan a larger one by its path.`)
}

const noRoom = new ApiError('busy', 'Too many uploads are waiting to be scanned.', { headers: { 'retry-after': '10' } })
