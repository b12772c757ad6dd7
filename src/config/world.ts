// The real world of a configuration: this process's environment and its files.

import { closeSync, openSync, readSync } from 'node:fs'
import type { ConfigWorld } from './references.ts'
import { maxTextBytes } from './tree.ts'

/** Reads the process environment and UTF-8 files of at most 1 MiB. */
export const systemWorld: ConfigWorld = {
  env: (name) => process.env[name],
  readFile: readText,
}

/** Reads to the end or the bound, whichever is first: a pipe or /dev/zero has no size to ask for. */
function readText(path: string): string {
  const file = openSync(path, 'r')
  try {
    const buffer = new Uint8Array(maxTextBytes + 1)
    let length = 0
    for (;;) {
      const read = readSync(file, buffer, length, buffer.length - length, null)
      length += read
      if (read === 0) break
      if (length > maxTextBytes) throw Object.assign(new Error('file too large'), { code: 'EFBIG' })
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length))
  } finally {
    closeSync(file)
  }
}
