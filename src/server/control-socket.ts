// Where the control socket of a data folder is.
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ServerError } from './error.ts'

// Socket paths end at 107 bytes on Linux and at 103 on macOS.
const longestPath = 100

/** In the data folder; of a deep one, in a folder of its owner's inside the temporary folder. */
export function socketOf(data: string): string {
  const inside = join(data, 'control.sock')
  if (Buffer.byteLength(inside) <= longestPath) return inside
  return join(tmpdir(), `holdfast-${createHash('sha256').update(data).digest('hex').slice(0, 24)}`, 'control.sock')
}

/** Makes the folder of a socket outside the data folder. @throws ServerError as `requireOwnSocket` */
export function makeSocketFolder(path: string, data: string): void {
  if (dirname(path) === data) return
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  requireOwnSocket(path, data)
}

/** Takes away what `makeSocketFolder` made, when nothing is in it any more. */
export function removeSocketFolder(path: string, data: string): void {
  if (dirname(path) === data) return
  try {
    rmdirSync(dirname(path))
  } catch {
    // Somebody else's file is in it: it stays.
  }
}

/**
 * In the temporary folder anybody can make a folder of that name first, and answer in our place.
 *
 * @throws ServerError `control_refused` when others than the owner of the data folder can enter the socket's folder
 */
export function requireOwnSocket(path: string, data: string): void {
  const folder = dirname(path)
  if (folder === data) return
  const { uid, mode } = lstatSync(folder)
  const isOwn = (mode & 0o170000) === 0o040000 && uid === statSync(data).uid && (mode & 0o077) === 0
  if (!isOwn)
    throw new ServerError('control_refused', `${folder} is open to others than the owner of ${data}; remove it first`)
}
