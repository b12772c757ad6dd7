// safetensors: a length, a JSON header, the tensors without a hole. The rules are those of the reference
// implementation (huggingface/safetensors, safetensors/src/tensor.rs), which refuses everything else.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { type JsonNode, member, parseJson } from '../json/parse.ts'
import { exactly, wholeNumber64 } from '../reader.ts'
import type { Rule } from '../rule.ts'
import { shown } from '../text.ts'

const broken: Rule = {
  id: 'safetensors/broken-rule',
  title: 'The file breaks a rule of the format',
  severity: 'high',
  cwe: ['CWE-1284', 'CWE-125'],
  atlas: ['AML.T0074'],
  owasp: ['LLM03'],
  references: ['https://github.com/huggingface/safetensors#format'],
  remedy: 'Do not load it with a reader that is more lenient than the reference; take it from its publisher again.',
}

const maxHeader = 100_000_000

export const safetensors: Format = {
  id: 'safetensors',
  isActive: false,
  recognise({ head, name, source }) {
    const isNamed = name.endsWith('.safetensors')
    if (head.length < 9) return isNamed ? 'certain' : undefined
    const length = Buffer.from(head.buffer, head.byteOffset, 8).readBigUInt64LE()
    const begins = head[8] === 0x7b && /^\{\s*(?:"|\})/.test(Buffer.from(head.subarray(8, 72)).toString('latin1'))
    if (begins && length <= BigInt(source.size)) return 'certain'
    return begins || isNamed ? 'plausible' : undefined
  },
  examine(examination) {
    const { source, report, opaque } = examination
    const breaks = (message: string, offset: number, subject?: string) =>
      report({ rule: broken, message, at: { offset }, ...(subject === undefined ? {} : { subject }) })
    const length = wholeNumber64(exactly(source, 0, 8, 'the length of the header'), 0, 'the length of the header')
    if (length > maxHeader || length > source.size - 8) {
      breaks(
        `The header is said to be ${length} bytes long; the file has ${source.size - 8}, and 100 MB are allowed.`,
        0,
      )
      return source.size
    }
    let header: JsonNode
    try {
      header = parseJson(exactly(source, 8, length, 'the header').toString('utf8'), (key, offset) =>
        breaks(`The name ${shown(key)} comes twice.`, 8 + offset, shown(key)),
      )
    } catch (error) {
      if (!(error instanceof ArtifactError) || error.code !== 'malformed') throw error
      breaks(`The header is not JSON: ${error.message}.`, 8)
      return source.size
    }
    if (header.kind !== 'object') {
      breaks('The header is not an object.', 8)
      return source.size
    }
    examineMetadata(examination, member(header, '__metadata__'), breaks)
    const tensors = header.members.filter(({ name }) => name !== '__metadata__')
    const start = 8 + length
    const spans = tensors.map(({ name, value }) => spanOf(name, value, breaks)).filter((span) => span !== undefined)
    spans.sort((a, b) => a.from - b.from || a.to - b.to)
    let end = 0
    for (const { name, from, to } of spans) {
      if (from < end) breaks(`The tensor ${name} begins at ${from}, inside of another.`, start + from, name)
      if (from > end) breaks(`In front of the tensor ${name} is a hole of ${from - end} bytes.`, start + end, name)
      end = Math.max(end, to)
      if (start + to <= source.size) opaque(start + from, to - from, `the tensor ${name}`)
    }
    if (start + end > source.size) breaks(`The tensors reach to ${start + end}, beyond the end of the file.`, start)
    if (start + end < source.size)
      breaks(`${source.size - start - end} bytes follow behind the last tensor.`, start + end)
    return Math.min(source.size, start + end)
  },
}

type Breaks = (message: string, offset: number, subject?: string) => void

function examineMetadata({ options, report }: Examination, metadata: JsonNode | undefined, breaks: Breaks): void {
  if (metadata === undefined) return
  const isPlain = metadata.kind === 'object' && metadata.members.every(({ value }) => value.kind === 'text')
  if (!isPlain) breaks('The metadata are not texts by names.', 8 + metadata.offset)
  if (metadata.kind !== 'object') return
  for (const { name, value } of metadata.members)
    if (value.kind === 'text')
      for (const found of options.inspectText?.(value.value, `/__metadata__/${name}`) ?? []) report(found)
}

interface Span {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** Bits of an element (tensor.rs, Dtype). */
const bits = new Map(
  Object.entries({
    BOOL: 8,
    F4: 4,
    F6_E2M3: 6,
    F6_E3M2: 6,
    U8: 8,
    I8: 8,
    F8_E5M2: 8,
    F8_E4M3: 8,
    F8_E8M0: 8,
    F8_E4M3FNUZ: 8,
    F8_E5M2FNUZ: 8,
    I16: 16,
    U16: 16,
    F16: 16,
    BF16: 16,
    I32: 32,
    U32: 32,
    F32: 32,
    C64: 64,
    F64: 64,
    I64: 64,
    U64: 64,
  }),
)

function spanOf(rawName: string, node: JsonNode, breaks: Breaks): Span | undefined {
  const name = shown(rawName)
  const refuse = (what: string) => {
    breaks(`The tensor ${name} ${what}.`, 8 + node.offset, name)
    return undefined
  }
  const known = ['dtype', 'shape', 'data_offsets']
  if (node.kind !== 'object' || node.members.some((each) => !known.includes(each.name)))
    return refuse('is described by something else than its dtype, shape and offsets')
  const dtype = member(node, 'dtype')
  const width = dtype?.kind === 'text' ? bits.get(dtype.value) : undefined
  if (width === undefined) return refuse('has no known dtype')
  const shape = numbersOf(member(node, 'shape'))
  if (shape === undefined) return refuse('has a shape that is no list of whole numbers')
  const offsets = numbersOf(member(node, 'data_offsets'))
  const [from, to] = offsets ?? []
  if (from === undefined || to === undefined || offsets?.length !== 2 || to < from)
    return refuse('has no pair of offsets in their order')
  const size = shape.reduce((product, length) => product * length, BigInt(width))
  if (size % 8n !== 0n || size / 8n !== to - from) return refuse('takes another number of bytes than its shape says')
  if (to > BigInt(Number.MAX_SAFE_INTEGER)) return refuse('lies beyond any file')
  return { name, from: Number(from), to: Number(to) }
}

/** Whole numbers of 64 bits without a sign. */
function numbersOf(node: JsonNode | undefined): bigint[] | undefined {
  if (node?.kind !== 'array') return undefined
  const numbers: bigint[] = []
  for (const item of node.items) {
    if (item.kind !== 'number' || !/^\d{1,20}$/.test(item.source)) return undefined
    const number = BigInt(item.source)
    if (number > 0xffff_ffff_ffff_ffffn) return undefined
    numbers.push(number)
  }
  return numbers
}
