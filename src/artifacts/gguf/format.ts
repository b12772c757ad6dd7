// GGUF, the format of llama.cpp: lengths that lie, tensors that lie elsewhere, and templates that do more than format.
import type { Examination, Format } from '../format.ts'
import type { Rule } from '../rule.ts'
import { stretch } from '../source.ts'
import { shown } from '../text.ts'
import { type GgufHeader, GgufLie, type GgufTensor, readGguf } from './reader.ts'

const lie: Rule = {
  id: 'gguf/lie',
  title: 'A length, a count or an offset of the file is not true',
  severity: 'high',
  cwe: ['CWE-1284', 'CWE-190', 'CWE-787'],
  atlas: ['AML.T0074'],
  owasp: ['LLM03'],
  references: ['CVE-2024-21802', 'CVE-2024-21836', 'CVE-2024-23496', 'CVE-2025-53630', 'CVE-2026-27940'],
  remedy: 'Do not load it; take the file from its publisher again.',
}

const duplicateKey: Rule = {
  id: 'gguf/duplicate-key',
  title: 'A key or a tensor comes twice',
  severity: 'high',
  cwe: ['CWE-694'],
  remedy: 'Which of them counts depends on the reader; take the file from its publisher again.',
}

const newerType: Rule = {
  id: 'gguf/newer-type',
  title: 'A tensor is of a type that this scanner does not know',
  severity: 'low',
  cwe: ['CWE-1284'],
  remedy: 'Its size could not be checked; use a scanner that is newer than the format.',
}

export const gguf: Format = {
  id: 'gguf',
  isActive: true,
  recognise: ({ head }) => (Buffer.from(head.subarray(0, 4)).toString('latin1') === 'GGUF' ? 'certain' : undefined),
  examine(examination) {
    const { source, report, budget } = examination
    try {
      const header = readGguf(source, () => budget.checkTime())
      examineNames(examination, header)
      examineTexts(examination, header)
      return examineTensors(examination, header)
    } catch (error) {
      if (!(error instanceof GgufLie)) throw error
      report({ rule: lie, message: error.message, at: { offset: error.offset } })
      return source.size
    }
  },
}

function examineNames({ report }: Examination, { keys, tensors }: GgufHeader): void {
  for (const list of [keys, tensors]) {
    const seen = new Set<string>()
    for (const { name, offset } of list) {
      if (seen.has(name))
        report({ rule: duplicateKey, message: `${shown(name)} comes twice.`, at: { offset }, subject: shown(name) })
      seen.add(name)
    }
  }
}

/** Whatever is a template to somebody: `tokenizer.chat_template`, and those with a name of their own. */
function examineTexts({ source, enter, options, report }: Examination, { texts }: GgufHeader): void {
  for (const { key, offset, length } of texts) {
    if (/chat_template/.test(key)) enter(shown(key), stretch(source, offset, length), 'jinja')
    else if (!/^tokenizer\.ggml\./.test(key) && length <= 65_536) {
      const text = Buffer.from(source.read(offset, length)).toString('utf8')
      for (const found of options.inspectText?.(text, `/${key}`) ?? []) report(found)
    }
  }
}

/** Types beyond it came after this list. */
const newestType = 40

/** Elements in a block, and the bytes it takes, by ggml's type (ggml.h, ggml-common.h). */
const blocks: Readonly<Record<number, readonly [elements: number, bytes: number]>> = {
  0: [1, 4],
  1: [1, 2],
  2: [32, 18],
  3: [32, 20],
  4: [32, 18],
  5: [32, 20],
  6: [32, 22],
  7: [32, 24],
  8: [32, 34],
  9: [32, 36],
  10: [256, 84],
  11: [256, 110],
  12: [256, 144],
  13: [256, 176],
  14: [256, 210],
  15: [256, 292],
  16: [256, 66],
  17: [256, 74],
  18: [256, 98],
  19: [256, 50],
  20: [32, 18],
  21: [256, 110],
  22: [256, 82],
  23: [256, 136],
  24: [1, 1],
  25: [1, 2],
  26: [1, 4],
  27: [1, 8],
  28: [1, 8],
  29: [256, 56],
  30: [1, 2],
  31: [32, 18],
  32: [32, 18],
  33: [32, 18],
  34: [256, 54],
  35: [256, 66],
  36: [32, 18],
  37: [32, 18],
  38: [32, 18],
  39: [32, 17],
  40: [64, 36],
}

/** @returns the end of the last tensor, or of the file when the tensors cannot be placed */
function examineTensors(examination: Examination, { tensors, alignment, end }: GgufHeader): number {
  const { source, report, opaque } = examination
  const lies = (message: string, { name, offset }: GgufTensor) =>
    report({ rule: lie, message: `The tensor ${shown(name)} ${message}.`, at: { offset }, subject: shown(name) })
  if (tensors.length === 0) return end
  if (alignment === 0 || (alignment & (alignment - 1)) !== 0) {
    report({ rule: lie, message: `The alignment is ${alignment}, which is no power of two.`, at: { offset: 8 } })
    return source.size
  }
  const start = Math.ceil(end / alignment) * alignment
  const room = BigInt(Math.max(0, source.size - start))
  let isOpen = false
  const spans: { tensor: GgufTensor; from: bigint; to: bigint }[] = []
  for (const tensor of tensors) {
    const size = sizeOf(tensor)
    if (blocks[tensor.type] === undefined && tensor.type > newestType) {
      report({
        rule: newerType,
        message: `The tensor ${shown(tensor.name)} is of the type ${tensor.type}.`,
        at: { offset: tensor.offset },
        subject: String(tensor.type),
      })
      isOpen = true
    } else if (size === undefined) lies('has dimensions or a type that do not exist', tensor)
    else if (tensor.dataOffset % BigInt(alignment) !== 0n) lies('is not aligned', tensor)
    else if (tensor.dataOffset + size > room) lies(`reaches beyond the end of the file`, tensor)
    else spans.push({ tensor, from: tensor.dataOffset, to: tensor.dataOffset + size })
  }
  spans.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))
  let reached = 0n
  for (const { tensor, from, to } of spans) {
    if (from < reached) lies('begins inside of another', tensor)
    if (to > reached) reached = to
    opaque(start + Number(from), Number(to - from), `the tensor ${shown(tensor.name)}`)
  }
  // How far a tensor of an unknown type reaches nobody can tell.
  if (isOpen) return source.size
  const last = start + Number(reached)
  return Math.min(source.size, Math.ceil(last / alignment) * alignment)
}

/** Bytes; undefined when the product does not fit into 63 bits, as the format asks, or the type is unknown. */
function sizeOf({ dimensions, type }: GgufTensor): bigint | undefined {
  const block = blocks[type]
  if (block === undefined || dimensions.length > 4) return undefined
  const elements = dimensions.reduce((product, length) => product * length, 1n)
  if (elements >= 1n << 63n || (dimensions[0] ?? 1n) % BigInt(block[0]) !== 0n) return undefined
  return (elements / BigInt(block[0])) * BigInt(block[1])
}
