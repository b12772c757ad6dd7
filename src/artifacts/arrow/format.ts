// Arrow's files and streams (Feather version 2): the schemas, then the batches, of whose bytes the texts are sampled.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { exactly } from '../reader.ts'
import { judgeText } from '../text/judge.ts'
import { textRuns } from '../text/runs.ts'
import { examineTable } from './schema.ts'

const maxMetadata = 64 * 1024 * 1024
const sampledBytes = 8 * 1024 * 1024

export const arrow: Format = {
  id: 'arrow',
  isActive: false,
  recognise({ head }) {
    const begin = Buffer.from(head.subarray(0, 8))
    if (begin.toString('latin1', 0, 6) === 'ARROW1') return 'certain'
    if (begin.length < 8 || begin.readUInt32LE(0) !== 0xffff_ffff) return undefined
    const length = begin.readUInt32LE(4)
    return length > 0 && length < maxMetadata && length % 8 === 0 ? 'plausible' : undefined
  },
  examine(examination) {
    const { source } = examination
    const isFile = exactly(source, 0, 6, 'the magic number').toString('latin1') === 'ARROW1'
    const end = examineMessages(examination, isFile ? 8 : 0)
    if (!isFile) return end
    const last = exactly(source, source.size - 10, 10, 'the end of the footer')
    const length = last.readInt32LE(0)
    if (last.toString('latin1', 4) !== 'ARROW1' || length <= 0 || length > maxMetadata)
      throw new ArtifactError('malformed', 'no footer at the end')
    examineTable(examination, exactly(source, source.size - 10 - length, length, 'the footer'), 'footer')
    return source.size
  },
}

/** @returns where the messages end */
function examineMessages(examination: Examination, from: number): number {
  const { source, budget } = examination
  let remaining = sampledBytes
  let at = from
  for (let count = 0; at + 8 <= source.size; count++) {
    budget.checkTime()
    const head = exactly(source, at, 8, 'a message')
    if (head.readUInt32LE(0) !== 0xffff_ffff) {
      if (count === 0) throw new ArtifactError('unsupported', 'messages of an Arrow before 0.15', at)
      return at
    }
    const length = head.readUInt32LE(4)
    if (length === 0) return at + 8
    if (length > maxMetadata) throw new ArtifactError('over_limit', `limit reached: a message of ${length} bytes`, at)
    const message = exactly(source, at + 8, length, 'a message')
    if (count === 0) examineTable(examination, message, 'message')
    const body = bodyLength(message)
    const start = at + 8 + length
    if (body > source.size - start) throw new ArtifactError('malformed', 'the body of a message is cut off', at)
    if (remaining > 0 && body > 0) {
      const sample = source.read(start, Math.min(body, remaining, 1024 * 1024))
      remaining -= sample.length
      judgeText(examination, textRuns(sample, 8, sample.length), { offset: start })
    }
    at = start + body
  }
  return at
}

/** Field 3 of a message, 64 bits. */
function bodyLength(message: Buffer): number {
  const table = message.length >= 8 ? message.readUInt32LE(0) : -1
  if (!(table >= 0 && table + 4 <= message.length))
    throw new ArtifactError('malformed', 'a message points beyond its end')
  const vtable = table - message.readInt32LE(table)
  if (!(vtable >= 0 && vtable + 4 <= message.length))
    throw new ArtifactError('malformed', 'a message points beyond its end')
  if (message.readUInt16LE(vtable) < 12 || vtable + 12 > message.length) return 0
  const offset = message.readUInt16LE(vtable + 10)
  if (offset === 0) return 0
  if (table + offset + 8 > message.length) throw new ArtifactError('malformed', 'a message points beyond its end')
  const length = message.readBigInt64LE(table + offset)
  if (length < 0n || length > BigInt(Number.MAX_SAFE_INTEGER))
    throw new ArtifactError('malformed', 'a body of impossible length')
  return Number(length)
}
