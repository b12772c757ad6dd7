// A file on the parent's side: where the bytes come from that a child asks for.

import { createHash, hash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { ArtifactError } from '../error.ts'

export interface Content {
  /** Bytes in all. */
  readonly size: number
  /** How many bytes to read at first; a small file's are all. */
  readonly headBytes: number
  /** Exactly those bytes. @throws ArtifactError `unreadable` */
  read(offset: number, length: number): Promise<Uint8Array>
  /** SHA-256 in hexadecimal digits over all bytes, or undefined when it would cost more than the examination. */
  digest(): Promise<string | undefined>
  /** Whether it is still what it was when it was opened. */
  isUnchanged(): Promise<boolean>
  close(): Promise<void>
}

/** What a file was when it was found. */
interface Expected {
  readonly dev: number
  readonly ino: number
  readonly size: number
}

/** Opening a pipe that nobody writes to would wait forever. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
const localHeadBytes = 256 * 1024
const pieceBytes = 1024 * 1024

/**
 * A regular file.
 *
 * @param expected  what it was when the folder was walked: another one may be in its place by now
 * @throws ArtifactError `unreadable`
 */
export async function localContent(path: string, expected?: Expected): Promise<Content> {
  if (expected !== undefined && expected.size <= localHeadBytes) return smallContent(path, expected)
  const file = await open(path, openFlags).catch((error) => {
    throw unreadable(error)
  })
  const before = await file.stat()
  if (!isExpected(before, expected)) {
    await file.close()
    throw replaced()
  }
  const { size } = before
  const read = async (offset: number, length: number) => {
    const bytes = Buffer.allocUnsafeSlow(length)
    for (let at = 0; at < length; ) {
      const { bytesRead } = await file.read(bytes, at, length - at, offset + at).catch((error) => {
        throw unreadable(error)
      })
      if (bytesRead === 0) throw new ArtifactError('unreadable', 'the file became shorter while it was read')
      at += bytesRead
    }
    return bytes
  }
  return {
    size,
    headBytes: Math.min(size, localHeadBytes),
    read,
    async digest() {
      const digest = createHash('sha256')
      for (let at = 0; at < size; at += pieceBytes) digest.update(await read(at, Math.min(pieceBytes, size - at)))
      return digest.digest('hex')
    },
    async isUnchanged() {
      const after = await file.stat()
      return after.size === size && after.mtimeMs === before.mtimeMs && after.ctimeMs === before.ctimeMs
    },
    close: () => file.close(),
  }
}

/** A small file, read at once: waiting for the system four times would cost more than reading it. */
function smallContent(path: string, expected: Expected): Content {
  const bytes = readWhole(path, expected)
  return {
    size: bytes.length,
    headBytes: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    digest: async () => hash('sha256', bytes),
    // What is judged is what was read.
    isUnchanged: async () => true,
    close: async () => {},
  }
}

function readWhole(path: string, expected: Expected): Buffer {
  let file: number
  try {
    file = openSync(path, openFlags)
  } catch (error) {
    throw unreadable(error)
  }
  try {
    const found = fstatSync(file)
    if (!isExpected(found, expected) || found.size !== expected.size) throw replaced()
    const bytes = Buffer.allocUnsafeSlow(found.size)
    let at = 0
    while (at < bytes.length) {
      const count = readSync(file, bytes, at, bytes.length - at, at)
      if (count === 0) throw new ArtifactError('unreadable', 'the file became shorter while it was read')
      at += count
    }
    return bytes
  } catch (error) {
    throw error instanceof ArtifactError ? error : unreadable(error)
  } finally {
    closeSync(file)
  }
}

function isExpected(found: Stats, expected: Expected | undefined): boolean {
  return found.isFile() && (expected === undefined || (found.dev === expected.dev && found.ino === expected.ino))
}

function replaced(): ArtifactError {
  return new ArtifactError('unreadable', 'another file was put in its place while the folder was read')
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there any more',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EIO: 'the disk failed',
  ELOOP: 'a link that leads to itself',
}

function unreadable(error: unknown): ArtifactError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
  return new ArtifactError('unreadable', `the file cannot be read: ${reasons[code] ?? code}`)
}
