import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  artifactCases,
  assertJudged,
  assertNoFailure,
  mutated,
  scanBytes,
  truncations,
} from '../../../test/support/artifact-cases.ts'
import { seededRandom } from '../../../test/support/random.ts'

const corpus = artifactCases(['keras-zip', 'keras-h5'])

test('the cases of the corpora are judged as they should be', 'skip' in corpus ? { skip: corpus.skip } : {}, () => {
  if ('cases' in corpus) for (const each of corpus.cases) assertJudged(each)
})

/** Marshalled code of version 3.11, the first bytes of it. */
const marshalled = Buffer.concat([Buffer.from([0xe3]), Buffer.alloc(16), Buffer.from('\x03\0\0\0os.system', 'latin1')])

const malicious: Readonly<Record<string, unknown>> = {
  'code in the form of Keras 3': lambda({ class_name: '__lambda__', config: { code: marshalled.toString('base64') } }),
  'code in the form of Keras 2': lambda([marshalled.toString('base64'), null, null]),
  'code in the form of Keras 1': lambda([marshalled.toString('latin1'), null, null]),
  'code in a tuple': lambda({ class_name: '__tuple__', items: [marshalled.toString('base64'), null, null] }),
  'code in an argument of another layer': layer('Dense', { activation: { class_name: '__lambda__', config: {} } }),
  'code as a plain text of a layer that is not known': layer('Mine', { f: marshalled.toString('base64') }, null),
  'code in what compiles the model': {
    ...model([]),
    compile_config: { loss: { class_name: '__lambda__', config: {} } },
  },
  'code in what builds the model': { ...model([]), build_config: { x: [{ class_name: '__lambda__', config: {} }] } },
  'a Lambda layer under a registered name': layer(
    'Dense',
    { function: [marshalled.toString('base64')] },
    'x',
    'pkg>Lambda',
  ),
  'a class of the standard library': layer('Popen', { args: 'id' }, 'subprocess'),
  'a class of the standard library under a registered name': layer('Popen', {}, 'subprocess', 'mine>Layer'),
  'a class of a package that many machines have': layer('NumpyArrayWrapper', {}, 'joblib.numpy_pickle'),
  'a function of an own package as a layer': layer('run_it', {}, 'mine.layers'),
  'a function in place of a class of Keras': layer('enable_unsafe_deserialization', {}, 'keras.config'),
  'a loader of Keras behind the name of a layer': layer('Dense', {}, 'keras.src.utils.file_utils', 'get_file'),
  'an activation that downloads': layer('Dense', { activation: named('get_file', 'keras.utils') }),
  'an activation that loads a model': layer('Dense', { activation: named('load_model', 'keras.models') }),
  'an activation of Python’s own': layer('Dense', { activation: named('eval', 'builtins') }),
  'an initializer that is from numpy': layer('Dense', { kernel_initializer: named('load', 'numpy') }),
  'a SavedModel from a path': layer('TFSMLayer', { filepath: 'x' }),
  'a wrapper of JAX': layer('JaxLayer', { call_fn: named('f', 'mine') }),
  'a callback that writes': layer('ModelCheckpoint', { filepath: 'x' }, 'keras.callbacks'),
  'a vocabulary that is a path': layer('TextVectorization', { vocabulary: 'vocab.txt' }),
  'a vocabulary that is an address': layer('IntegerLookup', { vocabulary: 'http://203.0.113.1/x' }),
  'a tokenizer with a path': layer('BytePairTokenizer', { vocabulary: '/etc/passwd' }, 'keras_hub.tokenizers'),
  'a model of TensorFlow Hub': layer('KerasLayer', { handle: 'https://203.0.113.1/m' }, null),
  'an operator that writes': layer('TensorFlowOpLayer', { node_def: 'name: "x"\nop: "WriteFile"' }, null),
  'a function of TensorFlow that writes': layer('TFOpLambda', { function: 'io.write_file' }, null),
  'a function of TensorFlow that calls Python': layer('TFOpLambda', { function: 'numpy_function' }, null),
  'a type specification from elsewhere': layer(
    'X',
    { s: { class_name: '__typespec__', spec_name: 'Popen', module: 'subprocess', config: [] } },
    null,
  ),
}

for (const [what, configuration] of Object.entries(malicious))
  test(`${what} is found`, () => {
    const { maxSeverity } = judged(configuration)
    assert.ok(maxSeverity === 'high' || maxSeverity === 'critical', `${maxSeverity}`)
  })

test('a pickle in base64 is examined, whatever key it is under', () => {
  const pickle = Buffer.from('\x80\x04cposix\nsystem\n\x8c\x02id\x85R.', 'latin1').toString('base64')
  const { findings } = judged(layer('TorchModuleWrapper', { module: pickle, x: pickle }))
  assert.ok(findings.some(({ rule }) => rule.id === 'pickle/dangerous-call'))
})

test('a version or a mode that the file claims changes nothing', () => {
  const claims = { keras_version: '99.0.0', safe_mode: true }
  assert.equal(judged({ ...model([lambda([marshalled.toString('base64')])]), ...claims }).maxSeverity, 'critical')
})

test('a key that comes twice is found, however it is written', () => {
  const text = JSON.stringify(model([])).replace('"class_name"', '"\\u0063lass_name": "Lambda", "class_name"')
  const { findings } = scanBytes(Buffer.from(text), 'arch.json')
  assert.ok(findings.some(({ rule }) => rule.id === 'keras/duplicate-key'))
})

test('what models are really made of is clean', () => {
  const layers = [
    layer('Dense', {
      activation: named('relu', 'keras.activations'),
      kernel_regularizer: layer('L2', { l2: 0.1 }, 'keras.regularizers'),
    }),
    layer('Multiply', {}, 'keras.src.ops.numpy', 'Multiply'),
    layer('Functional', { layers: [] }, 'keras.src.engine.functional', 'Functional'),
    layer('Adam', {}, 'keras.src.backend.torch.optimizers.torch_adam', 'Adam'),
    layer('StringLookup', { vocabulary: ['a', '/etc/passwd'] }),
    layer('TFOpLambda', { function: 'math.add' }, null),
    layer('TFOpLambda', { function: '__operators__.add' }, null),
    layer('Dense', { name: 'block/lambda_1', activation: named('abs', 'builtins') }),
    layer('GPT2Backbone', {}, 'keras_hub.src.models.gpt2.gpt2_backbone', 'keras_hub>GPT2Backbone'),
  ]
  for (const each of layers) assert.equal(judged(each).verdict, 'clean', JSON.stringify(each))
})

test('what is somebody’s own is told, and no more than that', () => {
  const own = [
    layer('MyLayer', {}, 'mine.layers', 'mine>MyLayer'),
    layer('MyLayer', {}, null, 'mine>MyLayer'),
    layer('Dense', { activation: named('my_activation', 'builtins') }),
    lambda('my_function', 'function'),
  ]
  for (const each of own) assert.equal(judged(each).maxSeverity, 'low', JSON.stringify(each))
})

test('layers in layers are followed to any depth that can be loaded', () => {
  let inner: unknown = lambda([marshalled.toString('base64')])
  for (let depth = 0; depth < 100; depth++) inner = layer('TimeDistributed', { layer: inner })
  assert.equal(judged(inner).maxSeverity, 'critical')
  for (let depth = 0; depth < 5000; depth++) inner = [inner]
  assert.equal(judged(inner).verdict, 'inconclusive')
})

test('no damage makes the reader fail, and a cut-off configuration is not clean', () => {
  const text = Buffer.from(
    JSON.stringify(model([layer('Dense', { units: 1 }), lambda({ class_name: 'function', config: 'f' })])),
  )
  const scanned = (bytes: Buffer, what: string) => assertNoFailure(bytes, 'arch.json', what)
  for (const bytes of truncations(text)) scanned(bytes, `${bytes.length} bytes`)
  const random = seededRandom(7)
  for (let round = 0; round < 1500; round++) scanned(mutated(text, random), `round ${round}`)
})

function layer(
  className: string,
  config: object,
  module: string | null = 'keras.layers',
  registered: string | null = null,
) {
  return { module, class_name: className, config, registered_name: registered }
}

function named(name: string, module: string) {
  return { module, class_name: 'function', config: name, registered_name: name }
}

function lambda(called: unknown, type = 'lambda') {
  return layer('Lambda', { name: 'l', function: called, function_type: type })
}

function model(layers: readonly unknown[]) {
  return layer('Sequential', { name: 's', layers }, 'keras')
}

function judged(configuration: unknown) {
  const root =
    typeof configuration === 'object' && configuration !== null && 'compile_config' in configuration
      ? configuration
      : model([configuration])
  return scanBytes(Buffer.from(JSON.stringify(root)), 'arch.json')
}
