// gzip (RFC 1952), member by member: what lies behind the last one is not part of it, and no reason to stop, because
// readers take what comes before it.
import { ArtifactError } from '../error.ts'
import type { Output } from './output.ts'

/** Raw deflate at the beginning of the bytes. */
export type Inflate = (packed: Uint8Array, limit: number) => { readonly bytes: Uint8Array; readonly used: number }

const trailerLength = 8

export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b && head[2] === 8
}

/** @returns where the last member ends */
export function decodeGzip(packed: Uint8Array, output: Output, inflate: Inflate, checkTime: () => void): number {
  let at = 0
  do {
    checkTime()
    const start = at + headerLength(packed.subarray(at))
    const { bytes, used } = inflate(packed.subarray(start), output.room)
    output.append(bytes)
    at = start + used + trailerLength
    if (at > packed.length) throw malformed('it breaks off')
  } while (isGzip(packed.subarray(at)))
  return at
}

/** 2.3: ten bytes, then what the flags announce: extra, name, comment, checksum. */
function headerLength(bytes: Uint8Array): number {
  if (!isGzip(bytes) || bytes.length < 10) throw malformed('no header')
  const flags = bytes[3] ?? 0
  let at = 10
  if (flags & 4) at += 2 + ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8))
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue
    const end = bytes.indexOf(0, at)
    if (end < 0) throw malformed('a name that does not end')
    at = end + 1
  }
  if (flags & 2) at += 2
  if (at > bytes.length) throw malformed('it breaks off')
  return at
}

function malformed(what: string): ArtifactError {
  return new ArtifactError('malformed', `the gzip data is damaged: ${what}`)
}
