// TFLite models (tensorflow/compiler/mlir/lite/schema/schema.fbs): operators that come from elsewhere, buffers and
// indices that lie, graphs that call each other without end. Labels and vocabularies follow behind as a zip archive, which
// is how the format has it, and which is examined as one.
import type { Examination, Format } from '../format.ts'
import { hiddenIn } from '../hidden.ts'
import type { Rule } from '../rule.ts'
import type { Source } from '../source.ts'
import { effectOf, judgeOperator } from '../tensorflow/operators.ts'
import { shown } from '../text.ts'
import {
  integers,
  rootTable,
  signed8,
  type Table,
  tableAt,
  tables,
  text,
  unsigned32,
  unsigned64,
  vector,
} from './flatbuffer.ts'
import { customOperator, lie, subgraphCycle } from './rules.ts'

export const tflite: Format = {
  id: 'tflite',
  // It computes; what follows it as a zip archive is no second meaning of it.
  isActive: false,
  recognise: ({ head }) => (Buffer.from(head.subarray(4, 8)).toString('latin1') === 'TFL3' ? 'certain' : undefined),
  examine(examination) {
    const { source, reached } = tracked(examination.source)
    const model = rootTable(source)
    const operators = [...tables(model, 1)]
    for (const operator of operators) examineOperator(examination, operator)
    const graphs = [...tables(model, 2)]
    const end = examineBuffers(examination, model)
    const buffers = vector(model, 4, 4)?.count ?? 0
    examineGraphs(examination, { operators, graphs, buffers })
    examineMetadata(examination, model, buffers)
    const description = text(model, 3)
    if (description !== undefined)
      for (const found of examination.options.inspectText?.(description, '/description') ?? [])
        examination.report(found)
    return endOfModel(source, Math.max(end, reached()))
  },
}

/** Metadata: a name, and the buffer that it is in. */
function examineMetadata({ report }: Examination, model: Table, buffers: number): void {
  for (const entry of tables(model, 6)) {
    const name = text(entry, 0) ?? ''
    if ((unsigned32(entry, 1) ?? 0) < buffers) continue
    const message = `The metadata ${shown(name)} is in a buffer that does not exist.`
    report({ rule: lie, message, at: { offset: entry.at }, subject: shown(name) })
  }
}

/** `custom` in BuiltinOperator. */
const custom = 32

function examineOperator({ report, budget, options }: Examination, operator: Table): void {
  budget.checkTime()
  const name = text(operator, 1)
  const number = Math.max(signed8(operator, 0) ?? 0, unsigned32(operator, 3) ?? 0)
  if (name === undefined || name === '') {
    if (number === custom) tell(lie, 'A custom operator has no name', 'no name')
    return
  }
  const plain = name.replace(/^Flex/, '')
  if (options.allowed.has(name)) return
  const rule = judgeOperator(plain)
  if (rule !== undefined) tell(rule, `The operator ${shown(name)}: ${rule.title.toLowerCase()}`, name)
  else if (!isOwn(name)) tell(customOperator, `The operator ${shown(name)} comes from a library of its own`, name)

  function tell(which: Rule, message: string, subject: string): void {
    const at = { offset: operator.at, element: shown(subject) }
    report({ rule: which, message: `${message}.`, at, subject: shown(subject) })
  }
}

/** Operators of TensorFlow that it only computes with, and those that come with TFLite itself and MediaPipe. */
function isOwn(name: string): boolean {
  if (name.startsWith('Flex')) return effectOf(name.slice(4)) !== 'unknown'
  return /^(?:TFLite_Detection_PostProcess|edgetpu-custom-op|AudioSpectrogram|Mfcc|NumericVerify|RFFT2D|Convolution2DTransposeBias|MaxPoolingWithArgmax2D|MaxUnpooling2D|Landmarks2TransformMatrix|TransformTensorBilinear|TransformLandmarks|RoIToTransformMatrix|RANDOM_UNIFORM|RANDOM_STANDARD_NORMAL|MULTINOMIAL|aeq\.\w+|odml\.[\w.]+|stablehlo\.\w+|tftext:\w+|tfsentencepiece:\w+|Predict|Normalize|SKIP_GRAM|EXTRACT_FEATURES)$/i.test(
    name,
  )
}

/** Buffers in the model, or behind it when it is larger than 2 GB. @returns the end of the last one */
function examineBuffers({ source, report, opaque, budget }: Examination, model: Table): number {
  let end = 0
  for (const buffer of tables(model, 4)) {
    budget.checkTime()
    const data = vector(buffer, 0, 1)
    if (data !== undefined) {
      end = Math.max(end, data.at + data.count)
      if (data.count > 0) opaque(data.at, data.count, 'a tensor')
    }
    const offset = unsigned64(buffer, 1) ?? 0n
    const size = unsigned64(buffer, 2) ?? 0n
    // 0 and 1 mean that there is none.
    if (offset <= 1n) continue
    if (offset + size > BigInt(source.size)) {
      report({ rule: lie, message: 'A buffer reaches beyond the end of the file.', at: { offset: buffer.at } })
      continue
    }
    end = Math.max(end, Number(offset + size))
    if (size > 0n) opaque(Number(offset), Number(size), 'a tensor')
  }
  return end
}

interface Parts {
  readonly operators: readonly Table[]
  readonly graphs: readonly Table[]
  readonly buffers: number
}

function examineGraphs(examination: Examination, { operators, graphs, buffers }: Parts): void {
  const { report, budget } = examination
  const lies = (message: string, at: number) => report({ rule: lie, message, at: { offset: at } })
  const calls = new Map<number, readonly number[]>()
  graphs.forEach((graph, number) => {
    const tensors = [...tables(graph, 0)]
    for (const tensor of tensors) {
      budget.checkTime()
      if ((unsigned32(tensor, 2) ?? 0) >= Math.max(1, buffers))
        lies('A tensor has a buffer that does not exist.', tensor.at)
      const elements = [...integers(tensor, 0)].reduce((product, length) => product * BigInt(length), 1n)
      if (elements >= 1n << 62n || elements < 0n) lies('A tensor has dimensions that do not exist.', tensor.at)
    }
    const called: number[] = []
    for (const operation of tables(graph, 3)) {
      budget.checkTime()
      const operator = operators[unsigned32(operation, 0) ?? 0]
      if (operator === undefined) lies('An operation has an operator that does not exist.', operation.at)
      else called.push(...calledGraphs(operator, operation))
      for (const field of [1, 2])
        for (const tensor of integers(operation, field))
          if (tensor >= tensors.length || tensor < -1)
            lies('An operation uses a tensor that does not exist.', operation.at)
    }
    for (const each of called)
      if (each >= graphs.length) lies('An operation calls a graph that does not exist.', graph.at)
    calls.set(number, called)
  })
  if (hasCycle(calls)) report({ rule: subgraphCycle, message: 'Graphs of the model call each other in a circle.' })
}

/** Fields of the options that name graphs, by operator: CALL, IF, WHILE, CALL_ONCE and the StableHLO ones. */
const graphFields: Readonly<Record<number, readonly number[]>> = {
  31: [0],
  118: [0, 1],
  119: [0, 1],
  129: [0],
}

function calledGraphs(operator: Table, operation: Table): readonly number[] {
  const number = Math.max(signed8(operator, 0) ?? 0, unsigned32(operator, 3) ?? 0)
  const fields = graphFields[number]
  // The options of an operation, a union: its kind is field 3, its place field 4.
  const at = operation.fields[4] ?? 0
  if (fields === undefined || at === 0) return []
  const options = tableAt(operation.source, at + (unsigned32(operation, 4) ?? 0))
  return fields.map((field) => unsigned32(options, field) ?? 0)
}

function hasCycle(calls: ReadonlyMap<number, readonly number[]>): boolean {
  const open = new Map<number, number>()
  for (const called of calls.values()) for (const each of called) open.set(each, (open.get(each) ?? 0) + 1)
  // Graphs that nobody calls any more are taken away until none is left.
  const free = [...calls.keys()].filter((each) => !open.has(each))
  let left = calls.size
  for (let graph = free.pop(); graph !== undefined; graph = free.pop()) {
    left--
    for (const each of calls.get(graph) ?? []) {
      const count = (open.get(each) ?? 0) - 1
      open.set(each, count)
      if (count === 0 && calls.has(each)) free.push(each)
    }
  }
  return left > 0
}

const endLooked = 64

/**
 * What begins behind the last thing that belongs to the model, if it is something that could be run or loaded. A few
 * bytes of the model itself, of options that are not looked at here, may still lie there.
 */
function endOfModel(source: Source, reached: number): number {
  for (let at = reached; at < Math.min(source.size, reached + endLooked); at++)
    if (hiddenIn(source, at, source.size - at) !== undefined) return at
  return source.size
}

/** The same source, and how far it has been read. */
function tracked(source: Source): { readonly source: Source; readonly reached: () => number } {
  let reached = 0
  return {
    source: {
      size: source.size,
      read(offset, length) {
        reached = Math.max(reached, Math.min(source.size, offset + length))
        return source.read(offset, length)
      },
    },
    reached: () => reached,
  }
}
