// A file on the parent's side: where the bytes come from that a child asks for.

import { createHash } from 'node:crypto'
import { constants, open } from 'node:fs/promises'
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

const localHeadBytes = 256 * 1024
const pieceBytes = 1024 * 1024

/**
 * A regular file.
 *
 * @param expected  what it was when the folder was walked: another one may be in its place by now
 * @throws ArtifactError `unreadable`
 */
export async function localContent(
  path: string,
  expected?: { readonly dev: number; readonly ino: number },
): Promise<Content> {
  // Opening a pipe that nobody writes to would wait forever.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error) => {
    throw unreadable(error)
  })
  const before = await file.stat()
  if (!before.isFile() || (expected !== undefined && (before.dev !== expected.dev || before.ino !== expected.ino))) {
    await file.close()
    throw new ArtifactError('unreadable', 'another file was put in its place while the folder was read')
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
      const hash = createHash('sha256')
      for (let at = 0; at < size; at += pieceBytes) hash.update(await read(at, Math.min(pieceBytes, size - at)))
      return hash.digest('hex')
    },
    async isUnchanged() {
      const after = await file.stat()
      return after.size === size && after.mtimeMs === before.mtimeMs && after.ctimeMs === before.ctimeMs
    },
    close: () => file.close(),
  }
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
