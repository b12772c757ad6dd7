// The program of a sandboxed child: loads the parsers, gives up every permission, then examines one file after the
// other. It sees files only through its parent, keeps nothing from one file to the next, and has no event loop: all it
// does is to read a frame, to work, and to write one.
import { readSync, writeSync } from 'node:fs'
import module from 'node:module'
import { performance } from 'node:perf_hooks'
import { ArtifactError } from '../error.ts'
import { formats } from '../formats.ts'
import { scan } from '../scan.ts'
import { askedSource } from './asked-source.ts'
import { decodeJob, encodeRead, type Frame, frameHead, fromChild, maxReadBytes, toChild } from './frames.ts'
import type { JobSettings } from './job.ts'
import { giveUpPermissions } from './permissions.ts'

const fromParent = 0
const toParent = 1

// The code of this program is kept compiled, by a child that has not read a byte of any file yet.
module.flushCompileCache?.()
// Loading the parsers needed to read the program; nothing from here on needs anything.
giveUpPermissions()
say(fromChild.ready, new Uint8Array())
for (;;) {
  const frame = nextFrame()
  if (frame === undefined) break
  if (frame.kind !== toChild.job) throw new Error('a job was expected')
  examine(frame.payload)
}

function examine(payload: Buffer): void {
  const { settings, head } = decodeJob(payload)
  const { path, size, limits, allowed }: JobSettings = JSON.parse(settings)
  const report = scan({
    source: askedSource(size, head, ask, maxReadBytes),
    path,
    formats,
    limits,
    options: { allowed: new Set(allowed) },
    now: () => performance.now(),
  })
  say(fromChild.result, Buffer.from(JSON.stringify(report)))
}

function ask(offset: number, length: number): Uint8Array {
  say(fromChild.read, encodeRead(offset, length))
  const frame = nextFrame()
  if (frame === undefined) process.exit(0)
  if (frame.kind === toChild.unreadable) throw new ArtifactError('unreadable', frame.payload.toString('utf8'), offset)
  if (frame.payload.length !== length) throw new ArtifactError('unreadable', 'the file is shorter than it was', offset)
  return frame.payload
}

function say(kind: number, payload: Uint8Array): void {
  const bytes = Buffer.concat([frameHead(kind, payload.length), payload])
  for (let at = 0; at < bytes.length; ) at += writeSync(toParent, bytes, at)
}

/** Undefined when the parent has gone or has no more work. */
function nextFrame(): Frame | undefined {
  const head = exactly(5)
  if (head === undefined) return undefined
  const payload = exactly(head.readUInt32LE() - 1)
  return payload === undefined ? undefined : { kind: head[4] ?? 0, payload }
}

function exactly(length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let at = 0; at < length; ) {
    const count = readSync(fromParent, bytes, at, length - at, null)
    if (count === 0) return undefined
    at += count
  }
  return bytes
}
