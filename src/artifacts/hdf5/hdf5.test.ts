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
import { Hdf5Writer } from '../../../test/support/hdf5-writer.ts'
import { seededRandom } from '../../../test/support/random.ts'
import { lookup3 } from './checksum.ts'

const corpus = artifactCases(['hdf5', 'keras-h5'])

test('the cases of the corpora are judged as they should be', 'skip' in corpus ? { skip: corpus.skip } : {}, () => {
  if ('cases' in corpus) for (const each of corpus.cases) assertJudged(each)
})

test('the checksum is Jenkins’ lookup3', () => {
  assert.equal(lookup3(Buffer.from('')), 0xdeadbeef)
  assert.equal(lookup3(Buffer.from('Four score and seven years ago')), 0x17770551)
})

test('a file with numbers and texts alone is clean', () => {
  const file = new Hdf5Writer()
  const data = file.dataset([2], Buffer.alloc(8))
  assert.equal(
    judged(file, file.group([file.hardLink('x', data)], [file.textAttribute('title', 'Weights.')])).verdict,
    'clean',
  )
})

test('groups that contain each other are walked once', () => {
  const file = new Hdf5Writer()
  assert.equal(judged(file, file.group([file.hardLink('self', 48)])).verdict, 'clean')
})

test('a link into another file is found', () => {
  const file = new Hdf5Writer()
  assert.deepEqual(rulesOf(file, file.group([file.externalLink('x', 'other.h5', '/secret')])), ['hdf5/external-link'])
})

test('a link that only the program that made it can follow is told', () => {
  const file = new Hdf5Writer()
  assert.deepEqual(rulesOf(file, file.group([file.link('x', 187, Buffer.from('\x02\0hi', 'latin1'))])), [
    'hdf5/user-defined-link',
  ])
})

test('elements that are read from other files are found, even when their names cannot be', () => {
  const file = new Hdf5Writer()
  const list = Buffer.alloc(8 + 8 + 24)
  list[0] = 1
  list.writeUInt16LE(1, 4)
  list.writeUInt16LE(1, 6)
  list.writeBigUInt64LE(0xfffffn, 8)
  const data = file.dataset([4], Buffer.alloc(16), [[7, list]])
  assert.deepEqual(rulesOf(file, file.group([file.hardLink('x', data)])), ['hdf5/external-storage'])
})

test('a data set of a thousand times the size of the file is refused', () => {
  const file = new Hdf5Writer()
  const data = file.dataset([1 << 20, 1 << 20], Buffer.alloc(8))
  assert.deepEqual(rulesOf(file, file.group([file.hardLink('x', data)])), ['hdf5/impossible-size'])
})

test('a data set that reaches beyond the end is found', () => {
  const file = new Hdf5Writer()
  const data = file.dataset([100_000], Buffer.alloc(8))
  assert.deepEqual(rulesOf(file, file.group([file.hardLink('x', data)])), ['hdf5/lie'])
})

test('an unregistered filter is told, registered ones are not', () => {
  const filters = (id: number) => {
    const body = Buffer.from([2, 1, 0, 0, 4, 0, 0, 0, 0, 0, 0x65, 0x76, 0x69, 0])
    body.writeUInt16LE(id, 2)
    return body
  }
  const rulesWith = (id: number) => {
    const file = new Hdf5Writer()
    return rulesOf(file, file.group([file.hardLink('x', file.dataset([2], Buffer.alloc(8), [[0x0b, filters(id)]]))]))
  }
  assert.deepEqual(rulesWith(61_337), ['hdf5/unknown-filter'])
  assert.deepEqual(rulesWith(32_001), [])
})

test('a pickle in an attribute, which PyTables loads, is examined in any protocol and in base64', () => {
  const pickles = [
    Buffer.from('\x80\x02cposix\nsystem\nU\x05id -aq\x85R.', 'latin1'),
    Buffer.from("cposix\nsystem\n(S'id'\ntR.", 'latin1'),
  ]
  const [binary = Buffer.alloc(0)] = pickles
  for (const pickle of [...pickles, Buffer.from(binary.toString('base64'))]) {
    const file = new Hdf5Writer()
    const found = rulesOf(file, file.group([], [file.textAttribute('TITLE', pickle)]))
    assert.ok(found.includes('pickle/dangerous-call'), `${pickle}: ${found}`)
  }
})

test('code in an attribute of any name that is a configuration of Keras is found', () => {
  const file = new Hdf5Writer()
  const configuration = JSON.stringify({
    class_name: 'Lambda',
    config: { function: { class_name: '__lambda__', config: {} } },
  })
  assert.deepEqual(rulesOf(file, file.group([], [file.textAttribute('notes', configuration)])), ['keras/code'])
})

test('YAML that makes Python objects is found in an attribute', () => {
  const file = new Hdf5Writer()
  const yaml = '!!python/object/apply:os.system ["id"]'
  assert.deepEqual(rulesOf(file, file.group([], [file.textAttribute('meta', yaml)])), ['hdf5/yaml-code'])
})

test('of two attributes of one name it is told that readers differ', () => {
  const file = new Hdf5Writer()
  const twice = ['{}', '{"a": 1}'].map((value) => file.textAttribute('model_config', value))
  assert.ok(rulesOf(file, file.group([], twice)).includes('hdf5/duplicate-name'))
})

test('a program in the user block or at the start of a data set is found', () => {
  const elf = Buffer.alloc(512)
  Buffer.from('\x7fELF\x02\x01\x01', 'latin1').copy(elf)
  const plain = new Hdf5Writer()
  const whole = Buffer.concat([elf, plain.finish(plain.group([]), 512)])
  assert.ok(scanBytes(whole, 'x.h5').findings.some(({ rule }) => rule.id === 'file/hidden-program'))
  const file = new Hdf5Writer()
  const found = rulesOf(file, file.group([file.hardLink('x', file.dataset([128], elf))]))
  assert.ok(found.includes('file/hidden-program'), String(found))
})

test('a wrong checksum keeps a file from being clean', () => {
  const file = new Hdf5Writer()
  const bytes = file.finish(file.group([], [file.textAttribute('a', 'text')]))
  bytes[bytes.indexOf('text')] = 0x54
  assert.equal(scanBytes(bytes, 'x.h5').verdict, 'inconclusive')
})

test('what is cut off is never clean', () => {
  for (const bytes of truncations(sample())) {
    if (bytes.length >= 8) assert.notEqual(assertNoFailure(bytes, 'x.h5', `${bytes.length} bytes`).verdict, 'clean')
  }
})

test('no length makes the reader fail', () => {
  for (const { bytes, what } of lengthsReplaced(sample())) assertNoFailure(bytes, 'x.h5', what)
})

test('no change of bytes makes the reader fail', () => {
  const random = seededRandom(5)
  const original = sample()
  for (let round = 0; round < 1500; round++) assertNoFailure(mutated(original, random), 'x.h5', `round ${round}`)
})

function sample(): Buffer {
  const file = new Hdf5Writer()
  const data = file.dataset([4], Buffer.alloc(16, 1))
  const inner = file.group([file.hardLink('kernel', data)], [file.textAttribute('weight_names', 'kernel:0')])
  return file.finish(file.group([file.hardLink('g', inner)], [file.textAttribute('backend', 'tensorflow')]))
}

function judged(file: Hdf5Writer, root: number) {
  return scanBytes(file.finish(root), 'x.h5')
}

/** Without repetitions, and without what is merely told. */
function rulesOf(file: Hdf5Writer, root: number): readonly string[] {
  const { findings } = judged(file, root)
  return [...new Set(findings.filter(({ severity }) => severity !== 'info').map(({ rule }) => rule.id))]
}
