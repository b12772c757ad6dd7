/** Reads a `.tar.gz` into memory (POSIX ustar with pax and GNU long names), enough for archives of test data. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const BLOCK = 512

/** The regular files of an archive by name, as text. */
export function readTarGz(path: string): Map<string, string> {
  const files = new Map<string, string>()
  const archive = gunzipSync(readFileSync(path))
  let longName: string | undefined
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const header = archive.subarray(at, at + BLOCK)
    const size = Number.parseInt(field(header, 124, 12), 8)
    const content = archive.subarray(at + BLOCK, at + BLOCK + size)
    const type = field(header, 156, 1)
    if (type === 'x') longName = /\d+ path=(.*)\n/.exec(content.toString())?.[1] ?? longName
    else if (type === 'L') longName = content.toString().replace(/\0.*$/s, '')
    else {
      if (type === '0' || type === '') files.set(longName ?? nameOf(header), content.toString())
      longName = undefined
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}

function nameOf(header: Buffer): string {
  const prefix = field(header, 345, 155)
  const name = field(header, 0, 100)
  // GNU tar keeps times where ustar has the prefix.
  return prefix === '' || !field(header, 257, 6).startsWith('ustar') || header[263] === 0x20
    ? name
    : `${prefix}/${name}`
}

function field(header: Buffer, start: number, length: number): string {
  return header
    .subarray(start, start + length)
    .toString()
    .replace(/\0.*$/s, '')
    .trim()
}
