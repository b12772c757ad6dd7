// Thrift's compact protocol, as Parquet's footer and page headers are written (github.com/apache/thrift,
// doc/specs/thrift-compact-protocol.md): structures as maps from field numbers, every length checked.
import { ArtifactError } from '../error.ts'

export type ThriftValue = bigint | boolean | Uint8Array | readonly ThriftValue[] | ThriftStruct
export type ThriftStruct = ReadonlyMap<number, ThriftValue>

const maxDepth = 64

/** @throws ArtifactError `malformed`, `over_limit` */
export function readThrift(bytes: Uint8Array, from = 0): { readonly value: ThriftStruct; readonly end: number } {
  let at = from
  const value = struct(0)
  return { value, end: at }

  function byte(): number {
    const next = bytes[at++]
    if (next === undefined) throw new ArtifactError('malformed', 'a Thrift structure is cut off', at)
    return next
  }

  function variable(): bigint {
    let result = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const next = byte()
      result |= BigInt(next & 0x7f) << shift
      if (next < 0x80) return result
    }
    throw new ArtifactError('malformed', 'a Thrift integer that does not end', at)
  }

  function integer(): bigint {
    const raw = variable()
    return (raw >> 1n) ^ -(raw & 1n)
  }

  function size(): number {
    const length = variable()
    if (length > BigInt(bytes.length - at))
      throw new ArtifactError('malformed', 'a Thrift length reaches beyond the end', at)
    return Number(length)
  }

  function struct(depth: number): ThriftStruct {
    if (depth > maxDepth)
      throw new ArtifactError('over_limit', `limit reached: Thrift more than ${maxDepth} levels deep`, at)
    const fields = new Map<number, ThriftValue>()
    let number = 0
    for (let head = byte(); (head & 15) !== 0; head = byte()) {
      number = head >> 4 === 0 ? Number(integer()) : number + (head >> 4)
      const type = head & 15
      fields.set(number, type === 1 || type === 2 ? type === 1 : element(type, depth))
    }
    return fields
  }

  function element(type: number, depth: number): ThriftValue {
    switch (type) {
      case 1:
      case 2:
        return byte() === 1
      case 3:
        return BigInt(byte())
      case 4:
      case 5:
      case 6:
        return integer()
      case 7:
        at += 8
        if (at > bytes.length) throw new ArtifactError('malformed', 'a Thrift number is cut off', at)
        return 0n
      case 8: {
        const length = size()
        at += length
        return bytes.subarray(at - length, at)
      }
      case 9:
      case 10: {
        const head = byte()
        const count = head >> 4 === 15 ? size() : head >> 4
        const items: ThriftValue[] = []
        for (let index = 0; index < count; index++) items.push(element(head & 15, depth + 1))
        return items
      }
      case 12:
        return struct(depth + 1)
      default:
        throw new ArtifactError('malformed', `a Thrift type ${type} that Parquet does not use`, at)
    }
  }
}

export function structIn(struct: ThriftStruct | undefined, field: number): ThriftStruct | undefined {
  const value = struct?.get(field)
  return value instanceof Map ? value : undefined
}
export function structsIn(struct: ThriftStruct | undefined, field: number): readonly ThriftStruct[] {
  const value = struct?.get(field)
  return Array.isArray(value) ? value.filter((each): each is ThriftStruct => each instanceof Map) : []
}
export function bytesIn(struct: ThriftStruct | undefined, field: number): Uint8Array | undefined {
  const value = struct?.get(field)
  return value instanceof Uint8Array ? value : undefined
}
/** A whole number; undefined when absent or beyond 2^53. */
export function numberIn(struct: ThriftStruct | undefined, field: number): number | undefined {
  const value = struct?.get(field)
  if (typeof value !== 'bigint') return undefined
  return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : undefined
}
