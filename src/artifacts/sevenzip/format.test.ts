import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { call, pickled, text } from '../pickle/pickles.ts'
import { scanned } from '../scanned-in-tests.ts'

const harmful = pickled(call('os:system', text('id')))
const plain = pickled(text('nothing of interest'))
const contents = Buffer.concat([plain, harmful])
const isPython = spawnSync('python3', ['--version']).status === 0
const skip = isPython ? false : 'NOT TESTED: python3 is not installed'

const raw = (filters: string) => `lzma.compress(d, format=lzma.FORMAT_RAW, filters=${filters})`
for (const [what, id, properties, code] of [
  ['LZMA', '030101', Buffer.from([0x5d, 0, 0, 1, 0]), raw('[dict(id=lzma.FILTER_LZMA1, dict_size=65536)]')],
  ['LZMA2', '21', Buffer.from([16]), raw('[dict(id=lzma.FILTER_LZMA2)]')],
  ['bzip2', '040202', Buffer.alloc(0), 'bz2.compress(d)'],
] as const)
  test(`a harmful file packed with ${what} is found`, { skip }, () => {
    const archive = sevenZip([{ id, properties }], pack(code), contents.length)
    assert.deepEqual(findings(archive), ['b.pkl'])
  })

test('a harmful file that is stored or packed with deflate is found', () => {
  assert.deepEqual(findings(sevenZip([{ id: '00' }], contents, contents.length)), ['b.pkl'])
  assert.deepEqual(findings(sevenZip([{ id: '040108' }], deflateRawSync(contents), contents.length)), ['b.pkl'])
})

test('what is encrypted or packed by a codec that is not known leaves the verdict open', () => {
  for (const id of ['06f10701', '030401', '040109']) {
    const { verdict, incomplete } = scanned('a.7z', sevenZip([{ id }], contents, contents.length))
    assert.equal(verdict, 'inconclusive')
    assert.match(incomplete[0]?.reason ?? '', /encrypted|is not read here/)
  }
})

test('a name that leads out of the folder is found', () => {
  const archive = sevenZip([{ id: '00' }], contents, contents.length, ['ok.pkl', '../../evil.pkl'])
  assert.ok(scanned('a.7z', archive).findings.some(({ rule }) => rule.id === 'archive/path-escape'))
})

test('a size that no file has is a limit, not an attempt', () => {
  const { verdict, incomplete } = scanned(
    'a.7z',
    sevenZip([{ id: '030101', properties: Buffer.from([0x5d, 0, 0, 1, 0]) }], contents, 2 ** 45),
  )
  assert.equal(verdict, 'inconclusive')
  assert.match(incomplete[0]?.reason ?? '', /limit reached/)
})

test('no truncation and no changed byte of an archive passes as clean where something is missing', () => {
  const archive = sevenZip([{ id: '00' }], contents, contents.length)
  for (let length = 6; length < archive.length; length++)
    assert.notEqual(scanned('a.7z', archive.subarray(0, length)).verdict, 'clean', `cut at ${length}`)
  for (let at = 32 + contents.length; at < archive.length; at++)
    for (const value of [0, 0x7f, 0xff]) {
      const changed = Buffer.from(archive)
      changed[at] = value
      scanned('a.7z', changed)
    }
})

function findings(archive: Buffer): (string | undefined)[] {
  const { findings: found } = scanned('a.7z', archive)
  return [...new Set(found.map(({ location }) => location.path.split('!/').at(-1)))]
}

/** An archive of two files in one folder. */
function sevenZip(
  coders: readonly { readonly id: string; readonly properties?: Buffer }[],
  packed: Buffer,
  size: number,
  names = ['a.pkl', 'b.pkl'],
): Buffer {
  const folder = coders.flatMap(({ id, properties = Buffer.alloc(0) }) => [
    (id.length / 2) | (properties.length > 0 ? 0x20 : 0),
    ...Buffer.from(id, 'hex'),
    ...(properties.length > 0 ? [properties.length, ...properties] : []),
  ])
  const nameBytes = Buffer.from(names.map((name) => `${name}\0`).join(''), 'utf16le')
  const header = Buffer.from([
    ...[1, 4],
    ...[6, 0, 1, 9, ...number(packed.length), 0],
    ...[7, 11, 1, 0, coders.length, ...folder, 12, ...number(size), 0],
    ...[8, 13, 2, 9, ...number(plain.length), 0],
    0,
    ...[5, 2, 17, ...number(nameBytes.length + 1), 0, ...nameBytes, 0],
    0,
  ])
  const start = Buffer.alloc(32)
  Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4]).copy(start)
  start.writeBigUInt64LE(BigInt(packed.length), 12)
  start.writeBigUInt64LE(BigInt(header.length), 20)
  return Buffer.concat([start, packed, header])
}

/** A number in its longest form. */
function number(value: number): number[] {
  const bytes = Buffer.alloc(9, 0xff)
  bytes.writeBigUInt64LE(BigInt(value), 1)
  return [...bytes]
}

function pack(code: string): Buffer {
  const script = `import base64, bz2, lzma, sys\nd = base64.b64decode(sys.stdin.read())\nprint(base64.b64encode(${code}).decode())`
  const { stdout } = spawnSync('python3', ['-I', '-c', script], {
    input: contents.toString('base64'),
    encoding: 'utf8',
  })
  return Buffer.from(stdout, 'base64')
}
