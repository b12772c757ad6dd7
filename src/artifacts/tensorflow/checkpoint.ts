// The files of a checkpoint, which lie in each SavedModel: an index of tensors (a sorted table as LevelDB writes it,
// tensorflow/core/lib/io/table.cc, of tensorflow/core/protobuf/tensor_bundle.proto), shards of their bytes, and the
// fingerprint of the model (fingerprint.proto).
import { ArtifactError } from '../error.ts'
import type { Format, Probe } from '../format.ts'
import { fieldsOf, type Message } from '../protobuf.ts'
import { exactly } from '../reader.ts'
import type { Rule } from '../rule.ts'
import { bytesSource, type Source } from '../source.ts'
import { shown } from '../text.ts'
import { unsnapped } from './snappy.ts'

const lie: Rule = {
  id: 'tensorflow/checkpoint-lie',
  title: 'The index of a checkpoint names a tensor that cannot be',
  severity: 'high',
  cwe: ['CWE-1284', 'CWE-190'],
  remedy: 'Do not load it; take the checkpoint from its publisher again.',
}

const footerLength = 48
const magic = Buffer.from('57fb808b247547db', 'hex')

export const checkpointIndex: Format = {
  id: 'tf-checkpoint-index',
  isActive: false,
  recognise: ({ tail, source }) =>
    source.size >= footerLength && magic.equals(tail.subarray(-8)) ? 'certain' : undefined,
  examine({ source, budget, report }) {
    const footer = exactly(source, source.size - footerLength, footerLength, 'the footer')
    const skipped = handleAt(footer, handleAt(footer, 0).next)
    const seen = new Set<string>()
    for (const { value } of entriesOf(blockAt(source, skipped.offset, skipped.size, budget.limits.memberBytes))) {
      const { offset, size } = handleAt(value, 0)
      for (const entry of entriesOf(blockAt(source, offset, size, budget.limits.memberBytes))) {
        budget.checkTime()
        const name = entry.key.toString('utf8')
        const problem = seen.has(name) ? 'comes twice' : name === '' ? undefined : problemOf(entry.value)
        seen.add(name)
        if (problem !== undefined)
          report({ rule: lie, message: `The tensor ${shown(name)} ${problem}.`, at: { offset }, subject: shown(name) })
      }
    }
    return source.size
  },
}

/** BundleEntryProto: a shard, an offset and a size, none of which is negative, and dimensions that have a product. */
function problemOf(value: Buffer): string | undefined {
  const whole: Message = { source: bytesSource(value), from: 0, to: value.length }
  for (const field of fieldsOf(whole)) {
    if (field.wireType === 0 && field.number >= 3 && field.number <= 5 && field.value >= 1n << 53n)
      return 'lies where no file reaches'
    if (field.number !== 2 || field.wireType !== 2) continue
    let elements = 1n
    for (const dimension of fieldsOf({ ...whole, from: field.offset, to: field.offset + field.length })) {
      if (dimension.number !== 2 || dimension.wireType !== 2) continue
      const { offset, length } = dimension
      for (const part of fieldsOf({ ...whole, from: offset, to: offset + length }))
        if (part.number === 1) elements *= part.value
    }
    if (elements >= 1n << 63n) return 'has impossible dimensions'
  }
  return undefined
}

function handleAt(
  bytes: Buffer,
  at: number,
): { readonly offset: number; readonly size: number; readonly next: number } {
  const offset = variable(bytes, at)
  const size = variable(bytes, offset.next)
  return { offset: offset.value, size: size.value, next: size.next }
}

function variable(bytes: Buffer, at: number): { readonly value: number; readonly next: number } {
  let value = 0
  for (let index = 0; index < 8; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) break
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80 && Number.isSafeInteger(value)) return { value, next: at + index + 1 }
  }
  throw new ArtifactError('malformed', 'a number of the table does not end')
}

/** Behind each block stand how it is packed, 0 or 1 for snappy, and a checksum. */
function blockAt(source: Source, offset: number, size: number, limit: number): Buffer {
  if (size > limit) throw new ArtifactError('over_limit', `limit reached: a block of ${size} bytes`)
  const bytes = exactly(source, offset, size + 5, 'a block of the table')
  const packing = bytes[size]
  if (packing === 0) return bytes.subarray(0, size)
  if (packing === 1) return unsnapped(bytes.subarray(0, size), limit)
  throw new ArtifactError('unsupported', `a block packed by method ${packing}`, offset)
}

/** Each key says how much of the one before it shares; the places where it starts anew come at the end. */
function* entriesOf(block: Buffer): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
  if (block.length < 4) throw new ArtifactError('malformed', 'a block of the table is cut off')
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4)
  if (end < 0) throw new ArtifactError('malformed', 'a block of the table is cut off')
  let key = Buffer.alloc(0)
  for (let at = 0; at < end; ) {
    const shared = variable(block, at)
    const added = variable(block, shared.next)
    const length = variable(block, added.next)
    const start = length.next
    const valueAt = start + added.value
    if (shared.value > key.length || valueAt + length.value > end)
      throw new ArtifactError('malformed', 'an entry reaches beyond its block')
    key = Buffer.concat([key.subarray(0, shared.value), block.subarray(start, valueAt)])
    at = valueAt + length.value
    yield { key, value: block.subarray(valueAt, at) }
  }
}

/** Bytes of tensors, which the index describes: nothing reads any structure into them. */
export const checkpointShard: Format = {
  id: 'tf-checkpoint-shard',
  isActive: false,
  recognise: ({ name }) => (/\.data-\d{5}-of-\d{5}$/.test(name) ? 'plausible' : undefined),
  examine({ source, opaque }) {
    opaque(0, source.size, 'a shard of tensors')
    return source.size
  },
}

/** fingerprint.pb: hashes and a version. */
export const fingerprint: Format = {
  id: 'tf-fingerprint',
  isActive: false,
  recognise: (probe) => (probe.name === 'fingerprint.pb' && isFingerprint(probe) ? 'plausible' : undefined),
  examine: ({ source }) => source.size,
}

function isFingerprint({ source }: Probe): boolean {
  if (source.size > 1024) return false
  try {
    for (const { number, wireType, length } of fieldsOf({ source, from: 0, to: source.size }))
      if (number > 7 || (wireType === 2 && length > 64)) return false
    return true
  } catch (error) {
    if (error instanceof ArtifactError) return false
    throw error
  }
}
