// The ways in which the same bytes may arrive.
import { crc32 } from 'node:zlib'
import { Random } from '../engine/random.ts'

/** Whole, byte by byte (unless there are very many), and cut at places that the bytes themselves decide. */
export function cutsOf(input: Uint8Array): Uint8Array[][] {
  const random = new Random(crc32(input))
  const bytewise = input.length > 8192 ? [] : [Array.from(input, (_, at) => input.subarray(at, at + 1))]
  return [[input], ...bytewise, cutAnywhere(input, random), cutAnywhere(input, random)]
}

function cutAnywhere(input: Uint8Array, random: Random): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < input.length; ) {
    const end = at + 1 + random.small(256)
    pieces.push(input.subarray(at, end))
    at = end
  }
  return pieces
}
