import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  artifactCases,
  assertJudged,
  assertNoFailure,
  lengthsReplaced,
  mutated,
  scanBytes,
  truncations,
} from '../../../test/support/artifact-cases.ts'
import { seededRandom } from '../../../test/support/random.ts'

const corpus = artifactCases(['tflite'])

test('the cases of the corpora are judged as they should be', 'skip' in corpus ? { skip: corpus.skip } : {}, () => {
  if ('cases' in corpus) for (const each of corpus.cases) assertJudged(each)
})

test('operators of TensorFlow inside are judged as in a graph', () => {
  assert.deepEqual(rulesOf(model({ operators: ['FlexMatrixInverse'] })), [])
  assert.deepEqual(rulesOf(model({ operators: ['FlexWriteFile'] })), ['tensorflow/file-operator'])
  assert.deepEqual(rulesOf(model({ operators: ['FlexRestoreV2'] })), ['tensorflow/file-operator'])
  assert.deepEqual(rulesOf(model({ operators: ['FlexEagerPyFunc'] })), ['tensorflow/code-operator'])
})

test('an operator of somebody’s own is told, and judged by its name', () => {
  assert.deepEqual(rulesOf(model({ operators: ['MyBlur'] })), ['tflite/custom-operator'])
  assert.deepEqual(rulesOf(model({ operators: ['RunShellCommand'] })), ['tensorflow/code-operator'])
  assert.deepEqual(rulesOf(model({ operators: ['TFLite_Detection_PostProcess'] })), [])
})

test('a buffer that does not exist, and one that reaches beyond the end, are found', () => {
  assert.deepEqual(rulesOf(model({ buffers: [Buffer.alloc(8)], tensors: [{ buffer: 9, shape: [1] }] })), ['tflite/lie'])
  assert.deepEqual(rulesOf(model({ outside: [1n << 40n, 8n] })), ['tflite/lie'])
})

test('dimensions that no memory has are found', () => {
  assert.deepEqual(
    rulesOf(model({ buffers: [Buffer.alloc(8)], tensors: [{ buffer: 0, shape: [2 ** 30, 2 ** 30, 2 ** 30] }] })),
    ['tflite/lie'],
  )
})

test('a graph that calls itself is found', () => {
  assert.deepEqual(rulesOf(model({ calls: 0 })), ['tflite/subgraph-cycle'])
  assert.deepEqual(rulesOf(model({ calls: 3 })), ['tflite/lie'])
})

test('a program in a buffer is found', () => {
  const program = Buffer.alloc(64)
  Buffer.from('\x7fELF\x02\x01\x01', 'latin1').copy(program)
  assert.ok(rulesOf(model({ buffers: [program] })).includes('file/hidden-program'))
})

test('no offset is trusted: damage never makes the reader fail, and what is cut off is not clean', () => {
  const sample = model({ operators: ['MyBlur'], buffers: [Buffer.alloc(16, 1)], tensors: [{ buffer: 0, shape: [4] }] })
  for (const bytes of truncations(sample))
    if (bytes.length >= 8) assert.notEqual(assertNoFailure(bytes, 'm.tflite', `${bytes.length}`).verdict, 'clean')
  for (const { bytes, what } of lengthsReplaced(sample)) assertNoFailure(bytes, 'm.tflite', what)
  const random = seededRandom(13)
  for (let round = 0; round < 1500; round++) assertNoFailure(mutated(sample, random), 'm.tflite', `round ${round}`)
})

function rulesOf(bytes: Buffer): readonly string[] {
  return [...new Set(scanBytes(bytes, 'm.tflite').findings.map(({ rule }) => rule.id))].sort()
}

interface Parts {
  readonly operators?: readonly string[]
  readonly buffers?: readonly Buffer[]
  readonly tensors?: readonly { readonly buffer: number; readonly shape: readonly number[] }[]
  /** Offset and size of a buffer behind the model. */
  readonly outside?: readonly [bigint, bigint]
  /** The graph that an operation CALL_ONCE of the only graph calls. */
  readonly calls?: number
}

type Value =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'long'; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly value: Buffer }
  | { readonly kind: 'numbers'; readonly value: readonly number[] }
  | { readonly kind: 'table'; readonly value: Fields }
  | { readonly kind: 'tables'; readonly value: readonly Fields[] }
type Fields = Readonly<Record<number, Value>>

function model({ operators = [], buffers = [], tensors = [], outside, calls }: Parts): Buffer {
  const codes: Fields[] = operators.map((name) => ({
    1: { kind: 'bytes', value: Buffer.from(name) },
    3: { kind: 'number', value: 32 },
  }))
  const options: Fields = { 0: { kind: 'number', value: calls ?? 0 } }
  const call: Fields = { 0: { kind: 'number', value: codes.length }, 4: { kind: 'table', value: options } }
  if (calls !== undefined) codes.push({ 3: { kind: 'number', value: 129 } })
  const graph: Fields = {
    0: {
      kind: 'tables',
      value: tensors.map(({ buffer, shape }) => ({
        0: { kind: 'numbers', value: shape },
        2: { kind: 'number', value: buffer },
      })),
    },
    3: { kind: 'tables', value: calls === undefined ? [] : [call] },
  }
  const kept: Fields[] = buffers.map((value) => ({ 0: { kind: 'bytes', value } }))
  if (outside !== undefined)
    kept.push({ 1: { kind: 'long', value: outside[0] }, 2: { kind: 'long', value: outside[1] } })
  return flatbuffer({
    0: { kind: 'number', value: 3 },
    1: { kind: 'tables', value: codes },
    2: { kind: 'tables', value: [graph] },
    4: { kind: 'tables', value: kept },
  })
}

/** Written forwards: each table, then what it refers to. */
function flatbuffer(root: Fields): Buffer {
  let bytes: Buffer = Buffer.from('\0\0\0\0TFL3')
  const at = table(root)
  bytes.writeUInt32LE(at)
  return bytes

  function append(more: Buffer): number {
    const at = Math.ceil(bytes.length / 8) * 8
    bytes = Buffer.concat([bytes, Buffer.alloc(at - bytes.length), more])
    return at
  }

  function table(fields: Fields): number {
    const count = Math.max(-1, ...Object.keys(fields).map(Number)) + 1
    const vtable = Buffer.alloc(4 + 2 * count)
    vtable.writeUInt16LE(vtable.length)
    vtable.writeUInt16LE(8 + 8 * count, 2)
    for (const field of Object.keys(fields).map(Number)) vtable.writeUInt16LE(8 + 8 * field, 4 + 2 * field)
    const vtableAt = append(vtable)
    const at = append(Buffer.alloc(8 + 8 * count))
    bytes.writeInt32LE(at - vtableAt, at)
    for (const [field, value] of Object.entries(fields)) {
      const place = at + 8 + 8 * Number(field)
      if (value.kind === 'number') bytes.writeUInt32LE(value.value, place)
      else if (value.kind === 'long') bytes.writeBigUInt64LE(value.value, place)
      else {
        const target = reference(value)
        bytes.writeUInt32LE(target - place, place)
      }
    }
    return at
  }

  function reference(value: Exclude<Value, { kind: 'number' | 'long' }>): number {
    if (value.kind === 'table') return table(value.value)
    const count = Buffer.alloc(4)
    count.writeUInt32LE(value.value.length)
    if (value.kind === 'bytes') return append(Buffer.concat([count, value.value]))
    const at = append(Buffer.concat([count, Buffer.alloc(4 * value.value.length)]))
    value.value.forEach((each, index) => {
      const place = at + 4 + 4 * index
      const number = typeof each === 'number' ? each : table(each) - place
      bytes.writeUInt32LE(number, place)
    })
    return at
  }
}
