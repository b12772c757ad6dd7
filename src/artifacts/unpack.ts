// Taking bytes out of a compression, in memory and never more than was announced.
import { brotliDecompressSync, constants, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { Budget } from './budget.ts'
import { decodeBzip2 } from './compressed/bzip2.ts'
import { decodeGzip } from './compressed/gzip.ts'
import { decodeLz4 } from './compressed/lz4.ts'
import { Output } from './compressed/output.ts'
import { decodeLzmaAlone, decodeXz } from './compressed/xz.ts'
import { ArtifactError } from './error.ts'

const native = {
  deflate: inflateRawSync,
  zlib: inflateSync,
  zstd: zstdDecompressSync,
  brotli: brotliDecompressSync,
} as const

const own = {
  gzip: (packed: Uint8Array, output: Output, checkTime: () => void) =>
    decodeGzip(packed, output, (from, limit) => inflateMember(from, limit, output), checkTime),
  bzip2: decodeBzip2,
  xz: decodeXz,
  lzma: decodeLzmaAlone,
  lz4: decodeLz4,
} as const

export type Compression = keyof typeof native | keyof typeof own

export interface Unpacked {
  readonly bytes: Buffer
  /** How many of the packed bytes belong to it. */
  readonly used: number
  /** Why it is not all: readers that unpack as they go load what comes before the damage. */
  readonly damage: ArtifactError | undefined
}

/**
 * @param announced  bytes that it should unpack to, where the container says so
 * @returns what could be unpacked, which is not all of it when the data is damaged
 * @throws ArtifactError `over_limit` when it is more than was announced or than is allowed
 */
export function unpack(packed: Uint8Array, how: Compression, budget: Budget, announced?: number): Unpacked {
  if (announced !== undefined) budget.spendUnpacked(packed.length, announced)
  const limit = Math.max(1, Math.min(announced ?? budget.limits.memberBytes, budget.limits.memberBytes))
  const unpacked = isNative(how) ? decodeNative(packed, how, limit) : decodeOwn(packed, how, limit, budget)
  if (announced === undefined) budget.spendUnpacked(packed.length, unpacked.bytes.length)
  return unpacked
}

function isNative(how: Compression): how is keyof typeof native {
  return Object.hasOwn(native, how)
}

function decodeOwn(packed: Uint8Array, how: keyof typeof own, limit: number, budget: Budget): Unpacked {
  const output = new Output(limit)
  try {
    const used = own[how](packed, output, () => budget.checkTime())
    return { bytes: output.content(), used, damage: undefined }
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.code !== 'malformed') throw error
    return { bytes: output.content(), used: packed.length, damage: error }
  }
}

/** Raw deflate within gzip, damaged or not. */
function inflateMember(packed: Uint8Array, limit: number, output: Output) {
  const { bytes, used, damage } = decodeNative(packed, 'deflate', Math.max(1, limit))
  if (damage === undefined) return { bytes, used }
  output.append(bytes)
  throw damage
}

function decodeNative(packed: Uint8Array, how: keyof typeof native, limit: number): Unpacked {
  const whole = attempt(packed, how, limit, {})
  if (whole !== undefined) return { ...whole, damage: undefined }
  return {
    bytes: salvage(packed, how, limit),
    used: packed.length,
    damage: new ArtifactError('malformed', `the ${how} data is damaged`),
  }
}

/** The longest beginning that unpacks, found by halving. */
function salvage(packed: Uint8Array, how: keyof typeof native, limit: number): Buffer {
  if (how === 'zstd' || how === 'brotli') return Buffer.alloc(0)
  let bytes: Buffer = Buffer.alloc(0)
  let from = 0
  let to = packed.length
  while (from < to) {
    const length = Math.ceil((from + to) / 2)
    const found = attempt(packed.subarray(0, length), how, limit, { finishFlush: constants.Z_SYNC_FLUSH })
    if (found === undefined) to = length - 1
    else {
      from = length
      bytes = found.bytes
    }
  }
  return bytes
}

function attempt(packed: Uint8Array, how: keyof typeof native, limit: number, settings: object) {
  try {
    // Node's types know no `info`, which returns the engine as well: it tells how many bytes it took.
    const options: object = { maxOutputLength: limit, info: true, ...settings }
    const result: unknown = native[how](packed, options)
    return isWithEngine(result) ? { bytes: result.buffer, used: result.engine.bytesWritten } : undefined
  } catch (error) {
    const isTooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    if (isTooLong) throw new ArtifactError('over_limit', `limit reached: unpacks to more than ${limit} bytes`)
    return undefined
  }
}

function isWithEngine(value: unknown): value is { buffer: Buffer; engine: { bytesWritten: number } } {
  if (typeof value !== 'object' || value === null || !('buffer' in value) || !('engine' in value)) return false
  const { buffer, engine } = value
  return Buffer.isBuffer(buffer) && typeof engine === 'object' && engine !== null && 'bytesWritten' in engine
}
