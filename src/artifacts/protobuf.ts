// Protocol buffers on the wire (protobuf.dev/programming-guides/encoding): fields one after the other, without a schema
// and without reading what is large. A message says nothing of itself, so what its fields are the caller knows.
import { ArtifactError } from './error.ts'
import type { Source } from './source.ts'

export interface ProtobufField {
  readonly number: number
  /** 0 variable-length integer, 1 eight bytes, 2 bytes with a length, 5 four bytes. */
  readonly wireType: 0 | 1 | 2 | 5
  /** Of the content, in the source. */
  readonly offset: number
  /** Of the content, in bytes. */
  readonly length: number
  /** Of a variable-length integer, unsigned. */
  readonly value: bigint
}

export interface Message {
  readonly source: Source
  readonly from: number
  readonly to: number
}

/**
 * The fields of a message, in their order.
 *
 * @throws ArtifactError `malformed` where the bytes are no fields; groups, which are not used any more, count as that
 */
export function* fieldsOf({ source, from, to }: Message): Generator<ProtobufField> {
  let at = from
  while (at < to) {
    const key = variable(source, at, to)
    const number = Number(key.value >> 3n)
    const wireType = Number(key.value & 7n)
    if (number < 1 || number > 0x1fff_ffff) throw malformed('a field number that does not exist', at)
    at = key.next
    let offset = at
    let length = 0
    let value = 0n
    if (wireType === 0) {
      const read = variable(source, at, to)
      value = read.value
      length = read.next - at
    } else if (wireType === 1) length = 8
    else if (wireType === 5) length = 4
    else if (wireType === 2) {
      const read = variable(source, at, to)
      if (read.value > BigInt(to - read.next)) throw malformed('a field reaches beyond its message', at)
      offset = read.next
      length = Number(read.value)
    } else throw malformed('a wire type that does not exist', at)
    at = offset + length
    if (at > to) throw malformed('a field is cut off', offset)
    if (wireType === 0 || wireType === 1 || wireType === 2 || wireType === 5)
      yield { number, wireType, offset, length, value }
  }
}

/** A field as a message of its own. @throws ArtifactError `malformed` when it is not one with a length */
export function messageIn({ source }: Message, field: ProtobufField): Message {
  if (field.wireType !== 2) throw malformed('a message is expected', field.offset)
  return { source, from: field.offset, to: field.offset + field.length }
}

const maxText = 1024 * 1024

/** A field as text. @throws ArtifactError `over_limit` when it is longer than a name or a description can be */
export function textIn({ source }: Message, field: ProtobufField): string {
  if (field.wireType !== 2) throw malformed('a text is expected', field.offset)
  if (field.length > maxText)
    throw new ArtifactError('over_limit', `limit reached: a text of ${field.length} bytes`, field.offset)
  return Buffer.from(source.read(field.offset, field.length)).toString('utf8')
}

/** The integers of a repeated field, packed or one by one. */
export function* integersIn({ source }: Message, field: ProtobufField): Generator<bigint> {
  if (field.wireType === 0) yield field.value
  if (field.wireType !== 2) return
  const end = field.offset + field.length
  for (let at = field.offset; at < end; ) {
    const read = variable(source, at, end)
    yield read.value
    at = read.next
  }
}

/** A variable-length integer of at most ten bytes. */
function variable(source: Source, at: number, to: number): { value: bigint; next: number } {
  const bytes = source.read(at, Math.min(10, to - at))
  let value = 0n
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0
    value |= BigInt(byte & 0x7f) << BigInt(7 * index)
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), next: at + index + 1 }
  }
  throw malformed('an integer that does not end', at)
}

function malformed(what: string, offset: number): ArtifactError {
  return new ArtifactError('malformed', `not protobuf: ${what}`, offset)
}
