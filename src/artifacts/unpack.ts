// Taking bytes out of a compression, in memory and never more than was announced.
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { Budget } from './budget.ts'
import { ArtifactError } from './error.ts'

const decoders = {
  deflate: inflateRawSync,
  zlib: inflateSync,
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
  brotli: brotliDecompressSync,
} as const

export type Compression = keyof typeof decoders

/**
 * @param announced  bytes that it should unpack to, where the container says so
 * @throws ArtifactError `malformed`; `over_limit` when it is more than was announced or than is allowed
 */
export function unpack(packed: Uint8Array, how: Compression, budget: Budget, announced?: number): Buffer {
  const limit = Math.min(announced ?? budget.limits.memberBytes, budget.limits.memberBytes)
  if (announced !== undefined) budget.spendUnpacked(packed.length, announced)
  const bytes = decode(packed, how, limit)
  if (announced === undefined) budget.spendUnpacked(packed.length, bytes.length)
  return bytes
}

function decode(packed: Uint8Array, how: Compression, limit: number): Buffer {
  try {
    return decoders[how](packed, { maxOutputLength: Math.max(1, limit) })
  } catch (error) {
    const isTooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    if (isTooLong) throw new ArtifactError('over_limit', `limit reached: unpacks to more than ${limit} bytes`)
    throw new ArtifactError('malformed', `the ${how} data is damaged`)
  }
}
