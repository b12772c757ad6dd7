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
import { effectOf } from './operators.ts'
import { unsnapped } from './snappy.ts'

const corpus = artifactCases(['tf-savedmodel', 'tf-keras-metadata'])

test('the cases of the corpora are judged as they should be', 'skip' in corpus ? { skip: corpus.skip } : {}, () => {
  if ('cases' in corpus) for (const each of corpus.cases) assertJudged(each)
})

test('operators are known by what they do, and unknown ones told by their name', () => {
  for (const name of [
    'SqlDataset',
    'MatchingFiles',
    'LoadAndRemapMatrix',
    'DebugIdentityV3',
    'TFRecordReaderV2',
    'IO>ParquetReadableRead',
  ])
    assert.equal(effectOf(name), 'files', name)
  for (const name of ['RpcCall', 'DataServiceDatasetV4', '_Send', 'KafkaDatasetV9', 'HttpGet'])
    assert.equal(effectOf(name), 'network', name)
  for (const name of ['EagerPyFunc', 'XlaCustomCallV2', 'RunShell', 'PyCall'])
    assert.equal(effectOf(name), 'code', name)
  for (const name of [
    'DecodeCSV',
    'ParseExampleV2',
    'QuantizedConv2DAndReluAndRequantize',
    'StatefulPartitionedCall',
    'XlaCallModule',
  ])
    assert.equal(effectOf(name), 'computes', name)
  assert.equal(effectOf('Tensorplex>Blur'), 'unknown')
})

test('an operator is found in the graph, in functions, and whatever order the fields have', () => {
  const bad = node('r', 'ReadFile')
  const graphs = [graph([bad]), library('f', [bad]), Buffer.concat([library('f', [bad]), graph([node('x', 'Relu')])])]
  for (const each of graphs) assert.deepEqual(rulesOf(savedModel(each)), ['tensorflow/file-operator'])
  assert.deepEqual(rulesOf(graph([bad]), 'frozen.pb'), ['tensorflow/file-operator'])
})

test('saving to the place that the caller names is clean', () => {
  const own = [
    node('p', 'Placeholder'),
    node('j', 'StringJoin', ['p']),
    node('s', 'SaveV2', ['j']),
    node('c', 'Const', [], text('model')),
    node('r', 'RestoreV2', ['c']),
  ]
  assert.equal(scanBytes(savedModel(graph(own)), 'saved_model.pb').verdict, 'clean')
})

test('saving to a place of the graph’s own choice is found, through what passes texts on', () => {
  for (const place of ['/etc/cron.d/x', '../../x', 's3://bucket/x', 'C:\\x', '\\\\host\\x']) {
    const nodes = [node('c', 'Const', [], text(place)), node('i', 'Identity', ['c']), node('s', 'SaveV2', ['i:0'])]
    assert.deepEqual(rulesOf(savedModel(graph(nodes))), ['tensorflow/outside-path'], place)
  }
})

test('a place that is handed to a function that saves is found', () => {
  const call = node('call', 'StatefulPartitionedCall', ['c'], functionNamed('outer'))
  const nodes = Buffer.concat([
    graph([node('c', 'Const', [], text('/root/.ssh/x')), call]),
    library('outer', [node('i', 'PartitionedCall', ['a'], functionNamed('inner'))]),
    library('inner', [node('s', 'SaveV2', ['a'])]),
  ])
  assert.deepEqual(rulesOf(savedModel(nodes)), ['tensorflow/outside-path'])
})

test('a vocabulary is an asset of the model, or it is found', () => {
  const nodes = graph([
    node('c', 'Const', [], text('/data/vocab.txt')),
    node('t', 'InitializeTableFromTextFileV2', ['h', 'c']),
  ])
  const asset = bytes(6, Buffer.concat([bytes(1, bytes(1, 'c:0')), bytes(2, 'vocab.txt')]))
  assert.deepEqual(rulesOf(savedModel(nodes)), ['tensorflow/outside-path'])
  assert.deepEqual(rulesOf(savedModel(nodes, asset)), [])
  assert.deepEqual(rulesOf(savedModel(nodes, bytes(6, bytes(2, '../../x')))).includes('tensorflow/outside-asset'), true)
})

test('printing to a file and descriptors from a file are found, to the terminal and in the graph are not', () => {
  const printed = (stream: string) =>
    rulesOf(savedModel(graph([node('p', 'PrintV2', [], attribute('output_stream', bytes(2, stream)))])))
  assert.deepEqual(printed('stderr'), [])
  assert.deepEqual(printed('file:///etc/x'), ['tensorflow/file-operator'])
  const decoded = (source: string) =>
    rulesOf(savedModel(graph([node('p', 'DecodeProtoV2', [], attribute('descriptor_source', bytes(2, source)))])))
  assert.deepEqual(decoded('local://'), [])
  assert.deepEqual(decoded('/etc/x'), ['tensorflow/file-operator'])
})

test('a configuration of Keras in the objects of an older SavedModel is examined', () => {
  const configuration = JSON.stringify({ class_name: 'Lambda', config: { function: ['x', null, null] } })
  const objects = bytes(7, bytes(1, bytes(4, Buffer.concat([bytes(1, '_tf_keras_layer'), bytes(3, configuration)]))))
  assert.deepEqual(rulesOf(savedModel(graph([node('x', 'Relu')]), objects)), ['keras/code'])
})

test('graphs as text are judged like binary ones', () => {
  const written = (place: string) => `# made by hand
    node { name: "c" op: "Const" attr { key: "value" value { tensor { string_val: "${place}" } } } }
    node < name: 'w' op: "Save" 'V2' input: ["c"] >
    library { function { signature { name: "f" } node_def { name: "r" op: "Read\\106ile" } } }`
  assert.deepEqual(rulesOf(Buffer.from(written('\\057etc/x')), 'graph.pbtxt'), [
    'tensorflow/file-operator',
    'tensorflow/outside-path',
  ])
  assert.deepEqual(rulesOf(Buffer.from(written('model')), 'graph.pbtxt'), ['tensorflow/file-operator'])
})

test('snappy blocks are unpacked, overlapping copies too, and damage is refused', () => {
  assert.equal(unsnapped(Buffer.from([10, 4, 0x61, 0x62, 0x11, 2]), 100).toString(), 'ababababab')
  assert.throws(() => unsnapped(Buffer.from([10, 4, 0x61]), 100), /damaged/)
  assert.throws(() => unsnapped(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), 100), /limit/)
})

test('the index of a checkpoint is read, and what cannot be in it is found', () => {
  assert.equal(
    scanBytes(
      index([
        ['', bytes(1, '')],
        ['w', entry(16n)],
      ]),
      'x.index',
    ).verdict,
    'clean',
  )
  assert.deepEqual(rulesOf(index([['w', entry(1n << 63n)]]), 'x.index'), ['tensorflow/checkpoint-lie'])
  assert.deepEqual(
    rulesOf(
      index([
        ['w', entry(1n)],
        ['w', entry(1n)],
      ]),
      'x.index',
    ),
    ['tensorflow/checkpoint-lie'],
  )
})

test('a program in a shard of tensors is found', () => {
  const shard = Buffer.alloc(200)
  Buffer.from('\x7fELF\x02\x01\x01', 'latin1').copy(shard)
  assert.ok(rulesOf(shard, 'variables.data-00000-of-00001').includes('file/hidden-program'))
})

test('no damage makes the readers fail', () => {
  const samples: readonly (readonly [string, Buffer])[] = [
    ['saved_model.pb', savedModel(graph([node('c', 'Const', [], text('/x')), node('s', 'SaveV2', ['c'])]))],
    ['x.index', index([['w', entry(16n)]])],
    ['x.pbtxt', Buffer.from('node { name: "c" op: "Const" attr { key: "v" value { s: "x\\n" } } }')],
  ]
  const random = seededRandom(11)
  for (const [name, sample] of samples) {
    for (const each of truncations(sample)) assertNoFailure(each, name, `${each.length} bytes`)
    for (const { bytes: each, what } of lengthsReplaced(sample)) assertNoFailure(each, name, what)
    for (let round = 0; round < 500; round++) assertNoFailure(mutated(sample, random), name, `round ${round}`)
  }
})

function rulesOf(content: Buffer, name = 'saved_model.pb'): readonly string[] {
  return [...new Set(scanBytes(content, name).findings.map(({ rule }) => rule.id))].sort()
}

function bytes(field: number, content: Buffer | string): Buffer {
  const body = Buffer.from(content)
  return Buffer.concat([variable(BigInt(field * 8 + 2)), variable(BigInt(body.length)), body])
}

function variable(value: bigint): Buffer {
  const result: number[] = []
  for (let left = value; ; left >>= 7n) {
    if (left < 128n) return Buffer.from([...result, Number(left)])
    result.push(Number(left & 127n) | 128)
  }
}

function node(
  name: string,
  operator: string,
  inputs: readonly string[] = [],
  attributes: Buffer = Buffer.alloc(0),
): Buffer {
  return Buffer.concat([bytes(1, name), bytes(2, operator), ...inputs.map((input) => bytes(3, input)), attributes])
}

function attribute(key: string, value: Buffer): Buffer {
  return bytes(5, Buffer.concat([bytes(1, key), bytes(2, value)]))
}

function text(value: string): Buffer {
  return attribute('value', bytes(8, bytes(8, value)))
}

function functionNamed(name: string): Buffer {
  return attribute('f', bytes(10, bytes(1, name)))
}

function graph(nodes: readonly Buffer[]): Buffer {
  return Buffer.concat(nodes.map((each) => bytes(1, each)))
}

function library(name: string, nodes: readonly Buffer[]): Buffer {
  return bytes(2, bytes(1, Buffer.concat([bytes(1, bytes(1, name)), ...nodes.map((each) => bytes(3, each))])))
}

function savedModel(content: Buffer, more: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([8, 1]), bytes(2, Buffer.concat([bytes(2, content), more]))])
}

function entry(size: bigint): Buffer {
  return Buffer.concat([Buffer.from([5 * 8]), variable(size)])
}

/** A sorted table of one block. */
function index(entries: readonly (readonly [string, Buffer])[]): Buffer {
  const data = block(entries)
  const handle = (at: number, content: Buffer) =>
    Buffer.concat([variable(BigInt(at)), variable(BigInt(content.length - 5))])
  const top = block([['z', handle(0, data)]])
  const handles = Buffer.concat([handle(0, data), handle(data.length, top)])
  const magic = Buffer.from('57fb808b247547db', 'hex')
  return Buffer.concat([data, top, handles, Buffer.alloc(40 - handles.length), magic])
}

function block(entries: readonly (readonly [string, Buffer])[]): Buffer {
  const rows = entries.map(([key, value]) =>
    Buffer.concat([Buffer.from([0, key.length, value.length]), Buffer.from(key), value]),
  )
  return Buffer.concat([...rows, Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]), Buffer.alloc(5)])
}
