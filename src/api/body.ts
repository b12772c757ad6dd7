// What a body may be: JSON in UTF-8, a bounded amount of it; or bytes, for the operation that takes a file.
import type { IncomingMessage } from 'node:http'
import { ApiError } from './error.ts'

const maxJsonBytes = 64 * 1024
/** Deeper than anything that is asked for, and far from what a parser's stack can bear. */
const maxDepth = 32

/** @throws ApiError `too_large`, `malformed_request` */
export async function readJson(stream: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of stream.iterator({ destroyOnReturn: false })) {
      size += piece.length
      if (size > maxJsonBytes) throw new ApiError('too_large', `JSON of at most ${maxJsonBytes} bytes is taken here.`)
      pieces.push(piece)
    }
  } catch (error) {
    throw error instanceof ApiError
      ? error
      : new ApiError('malformed_request', 'The body ended before it was complete.')
  }
  return parse(Buffer.concat(pieces))
}

function parse(bytes: Buffer): unknown {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new ApiError('malformed_request', 'The body is no JSON in UTF-8.')
  }
  if (isDeeper(value, maxDepth)) throw new ApiError('malformed_request', `The body is nested deeper than ${maxDepth}.`)
  return value
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1))
}
