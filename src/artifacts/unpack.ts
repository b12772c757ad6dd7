// Taking bytes out of a compression, in memory and never more than was announced.
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { Budget } from './budget.ts'
import { decodeBzip2 } from './compressed/bzip2.ts'
import { decodeLz4 } from './compressed/lz4.ts'
import { Output } from './compressed/output.ts'
import { decodeLzmaAlone, decodeXz } from './compressed/xz.ts'
import { ArtifactError } from './error.ts'

const native = {
  deflate: inflateRawSync,
  zlib: inflateSync,
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
  brotli: brotliDecompressSync,
} as const

const own = { bzip2: decodeBzip2, xz: decodeXz, lzma: decodeLzmaAlone, lz4: decodeLz4 } as const

export type Compression = keyof typeof native | keyof typeof own

export interface Unpacked {
  readonly bytes: Buffer
  /** How many of the packed bytes belong to it. */
  readonly used: number
}

/**
 * @param announced  bytes that it should unpack to, where the container says so
 * @throws ArtifactError `malformed`; `over_limit` when it is more than was announced or than is allowed
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
  const used = own[how](packed, output, () => budget.checkTime())
  return { bytes: output.content(), used }
}

function decodeNative(packed: Uint8Array, how: keyof typeof native, limit: number): Unpacked {
  try {
    // Node's types know no `info`, which returns the engine as well: it tells how many bytes it took.
    const options: object = { maxOutputLength: limit, info: true }
    const result: unknown = native[how](packed, options)
    if (!isWithEngine(result)) throw new ArtifactError('malformed', `the ${how} data is damaged`)
    return { bytes: result.buffer, used: result.engine.bytesWritten }
  } catch (error) {
    const isTooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    if (isTooLong) throw new ArtifactError('over_limit', `limit reached: unpacks to more than ${limit} bytes`)
    throw new ArtifactError('malformed', `the ${how} data is damaged`)
  }
}

function isWithEngine(value: unknown): value is { buffer: Buffer; engine: { bytesWritten: number } } {
  if (typeof value !== 'object' || value === null || !('buffer' in value) || !('engine' in value)) return false
  const { buffer, engine } = value
  return Buffer.isBuffer(buffer) && typeof engine === 'object' && engine !== null && 'bytesWritten' in engine
}
