// Harmless binary companions of models and data sets, each known by its own structure: TensorFlow's records and event
// logs, SentencePiece's vocabularies, FAISS indexes, MATLAB 5 files, folder settings of macOS.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { fieldsOf, type Message } from '../protobuf.ts'
import { exactly } from '../reader.ts'
import { judgeText } from '../text/judge.ts'
import { textRuns } from '../text/runs.ts'
import { crc32c } from './crc32c.ts'

const sampledBytes = 4 * 1024 * 1024

/** Length, its checksum, content, its checksum (tensorflow/core/lib/io/record_writer.h). */
export const tfRecord: Format = {
  id: 'tfrecord',
  isActive: false,
  recognise: ({ head }) =>
    head.length >= 12 && isRecordHead(Buffer.from(head.subarray(0, 12))) ? 'certain' : undefined,
  examine(examination) {
    const { source, budget } = examination
    let remaining = sampledBytes
    let at = 0
    for (let count = 0; at < source.size; count++) {
      if (count % 256 === 0) budget.checkTime()
      if (source.size - at < 12) throw new ArtifactError('malformed', 'a record is cut off', at)
      const head = exactly(source, at, 12, 'a record')
      if (!isRecordHead(head)) return at
      const length = Number(head.readBigUInt64LE(0))
      if (!Number.isSafeInteger(length) || at + 16 + length > source.size)
        throw new ArtifactError('malformed', 'a record reaches beyond the end', at)
      if (remaining > 0) {
        const content = source.read(at + 12, Math.min(length, remaining))
        remaining -= content.length
        examination.opaque(at + 12, length, 'a record')
        judgeText(examination, textRuns(content, 8, content.length), { offset: at + 12 })
      }
      at += 16 + length
    }
    return at
  },
}

function isRecordHead(head: Buffer): boolean {
  const sum = crc32c(head.subarray(0, 8))
  return head.readUInt32LE(8) === (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0
}

/** ModelProto (google/sentencepiece, sentencepiece_model.proto): pieces, then specifications. */
export const sentencePiece: Format = {
  id: 'sentencepiece',
  isActive: false,
  recognise({ head, source, name }) {
    if (head[0] !== 0x0a || head[2] !== 0x0a || !/\.(?:model|spm|bpe|vocab)$|sentencepiece|spiece/.test(name))
      return undefined
    return firstFields(source, 20) ? 'plausible' : undefined
  },
  examine(examination) {
    const { source, budget } = examination
    let count = 0
    const message: Message = { source, from: 0, to: source.size }
    for (const field of fieldsOf(message)) {
      if (++count % 1024 === 0) budget.checkTime()
      if (field.wireType !== 2 || (field.number > 5 && field.number < 200))
        throw new ArtifactError('malformed', 'not a SentencePiece model', field.offset)
      // Specifications hold paths and a sample of the corpus.
      if (field.number > 1 && field.number < 6 && field.length < sampledBytes && field.number !== 3)
        judgeText(examination, textRuns(source.read(field.offset, field.length), 8, 64 * 1024), {
          offset: field.offset,
        })
    }
    return source.size
  },
}

function firstFields(source: Message['source'], count: number): boolean {
  try {
    let seen = 0
    for (const field of fieldsOf({ source, from: 0, to: source.size })) {
      if (field.number !== 1 || field.wireType !== 2 || field.length > 4096) return seen > 2
      for (const inner of fieldsOf({ source, from: field.offset, to: field.offset + field.length }))
        if (inner.number > 3) return false
      if (++seen >= count) break
    }
    return seen > 0
  } catch {
    return false
  }
}

/** Flat numbers behind a known head: what would be hidden in them is looked for, and nothing else loads them. */
export const numbersFile: Format = {
  id: 'numbers',
  isActive: false,
  recognise: ({ head, source, name }) =>
    isKnownHead(head) || isRaw(head, source.size, name) ? 'plausible' : undefined,
  examine(examination: Examination) {
    const { source, opaque } = examination
    const isHead = isKnownHead(source.read(0, 512))
    opaque(isHead ? 4 : 0, source.size - (isHead ? 4 : 0), 'numbers')
    judgeText(examination, textRuns(source.read(0, 64 * 1024), 24, 64 * 1024))
    return source.size
  },
}

function isKnownHead(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 128)).toString('latin1')
  return (
    // FAISS: a code of four signs, then the dimension (faiss/impl/index_write.cpp).
    (/^(?:Ix(?:F[2I]|FL|LS|lh|HE|PT|PQ|Po|SQ|2L|RQ|Q4|Pq|3q|M2|Mp|FS|AR|LQ)|Iw(?:Fl|FL|SQ|Sq|PQ|QR|Q4|PF|ER|IQ|RQ|RL)|IH(?:Nf|NF|Np|Ns|N2|Nc|Cf)|IB(?:xF|HN|wF|Hf|Hm|MM)|IN(?:Nf|SG|SQ|SP))[\s\S]{4}/.test(
      head,
    ) &&
      bytes.length > 33) ||
    // Bud1: .DS_Store.
    /^\0\0\0\x01Bud1/.test(head) ||
    /^MATLAB 5\.0 MAT-file/.test(head) ||
    // Megatron's index of a data set.
    /^MMIDIDX\0\0/.test(head)
  )
}

/**
 * Weights beside an ONNX or OpenVINO model, and tokens in binary, say nothing of themselves. By their name they may be
 * that, and by their bytes: floating-point numbers of the sizes that weights have, or small integers.
 */
function isRaw(head: Uint8Array, size: number, name: string): boolean {
  if (
    !/\.(?:bin|data|dat|weights?|raw|f32|f16|bf16|onnx_data|pdiparams|params|idx)(?:[._-]?\d+)?$|^(?:weights?|data)[\w.-]*$|_data$/.test(
      name,
    )
  )
    return false
  // The head of a pickle, an archive or a program belongs to its own reader.
  if (size < 4 || (head[0] === 0x80 && (head[1] ?? 9) <= 5)) return false
  const bytes = Buffer.from(head.subarray(0, Math.min(head.length, 64 * 1024) & ~3))
  return [isFloat32, isFloat16, isBrainFloat, isSmallInteger].some((looks) => looks(bytes))
}

function share(bytes: Buffer, step: number, isPlausible: (at: number) => boolean): number {
  let good = 0
  for (let at = 0; at + step <= bytes.length; at += step) if (isPlausible(at)) good++
  return good / Math.max(1, Math.floor(bytes.length / step))
}
function isFloat32(bytes: Buffer): boolean {
  return share(bytes, 4, (at) => isWeight(Math.abs(bytes.readFloatLE(at)))) > 0.95
}
function isBrainFloat(bytes: Buffer): boolean {
  const word = Buffer.alloc(4)
  return (
    share(bytes, 2, (at) => {
      word.writeUInt16LE(bytes.readUInt16LE(at), 2)
      return isWeight(Math.abs(word.readFloatLE(0)))
    }) > 0.95
  )
}
/** Exponents from 2^-14 to 2^5. */
function isFloat16(bytes: Buffer): boolean {
  return bytes.length >= 64 && share(bytes, 2, (at) => (bytes.readUInt16LE(at) & 0x7c00) <= 0x5000) > 0.97
}
function isSmallInteger(bytes: Buffer): boolean {
  return share(bytes, 4, (at) => Math.abs(bytes.readInt32LE(at)) < 4_000_000) > 0.99
}
function isWeight(value: number): boolean {
  return value === 0 || (value > 1e-12 && value < 1e5)
}
