// What the scanner and its sandboxed children say to each other over two pipes: frames of a length, a kind and bytes.
//
//   length, 4 bytes little-endian, of all that follows | kind, 1 byte | payload
//
// The parent trusts nothing that comes from a child: one that has read hostile bytes may say anything.
import { ArtifactError } from '../error.ts'

/** What a child is told. */
export const toChild = { job: 1, block: 2, unreadable: 3 } as const
/** What a child says. */
export const fromChild = { ready: 1, read: 2, result: 3 } as const

/** Bytes that a child asks for at once, at most; longer reads are several. */
export const maxReadBytes = 4 * 1024 * 1024
/** A report of 1000 findings with long texts stays below it. */
export const maxFrameBytes = 32 * 1024 * 1024

export interface Frame {
  readonly kind: number
  readonly payload: Buffer
}

/** The frame's beginning; the payload is written behind it. */
export function frameHead(kind: number, payloadBytes: number): Buffer {
  const head = Buffer.allocUnsafe(5)
  head.writeUInt32LE(payloadBytes + 1)
  head[4] = kind
  return head
}

/** A request for bytes: offset as a double, which is exact up to 2^53, and length. */
export function encodeRead(offset: number, length: number): Buffer {
  const payload = Buffer.allocUnsafe(12)
  payload.writeDoubleLE(offset)
  payload.writeUInt32LE(length, 8)
  return payload
}

/** @throws ArtifactError `malformed` unless it lies inside of `size` */
export function decodeRead(payload: Buffer, size: number): { readonly offset: number; readonly length: number } {
  if (payload.length !== 12) throw new ArtifactError('malformed', 'a request of a wrong length')
  const offset = payload.readDoubleLE()
  const length = payload.readUInt32LE(8)
  if (!Number.isSafeInteger(offset) || offset < 0 || length > maxReadBytes || offset + length > size)
    throw new ArtifactError('malformed', 'a request for bytes that are not there')
  return { offset, length }
}

/** A job: its settings as JSON, and the first bytes of the file, which spare small files any request. */
export function encodeJob(settings: string, head: Uint8Array): Buffer {
  const json = Buffer.from(settings)
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32LE(json.length)
  return Buffer.concat([length, json, head])
}

export function decodeJob(payload: Buffer): { readonly settings: string; readonly head: Buffer } {
  const end = 4 + payload.readUInt32LE()
  return { settings: payload.toString('utf8', 4, end), head: payload.subarray(end) }
}

/** Puts frames together from the pieces that a pipe gives. Never keeps more than one frame and one piece. */
export function frameReader(onFrame: (frame: Frame) => void): (piece: Buffer) => void {
  let pieces: Buffer[] = []
  let held = 0
  let wanted = 0
  return (piece) => {
    pieces.push(piece)
    held += piece.length
    while (held >= 5) {
      if (held < wanted) return
      const all = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
      pieces = [all]
      const length = all.readUInt32LE()
      if (length < 1 || length > maxFrameBytes)
        throw new ArtifactError('malformed', 'a message of an impossible length')
      wanted = 4 + length
      if (held < wanted) return
      const rest = all.subarray(wanted)
      const kind = all[4] ?? 0
      const payload = all.subarray(5, wanted)
      pieces = rest.length === 0 ? [] : [rest]
      held = rest.length
      wanted = 0
      onFrame({ kind, payload })
    }
  }
}
