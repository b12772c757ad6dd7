// Files that survive a power cut.

import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Writes a new file, and its folder when that is not there. */
export async function writeNew(path: string, data: Uint8Array | string, mode: { file: number; folder: number }) {
  await mkdir(dirname(path), { recursive: true, mode: mode.folder })
  const file = await open(path, 'wx', mode.file)
  try {
    await file.writeFile(data)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncFolder(dirname(path))
}

/** For `catch`: nothing instead of what is not there. */
export function noSuchFile(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
