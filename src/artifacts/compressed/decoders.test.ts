// The decoders against what the usual programs write: Python's bz2 and lzma, and lz4 where it is installed.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { seededRandom } from '../../../test/support/random.ts'
import { createBudget, defaultLimits } from '../budget.ts'
import { ArtifactError } from '../error.ts'
import { type Compression, unpack } from '../unpack.ts'
import { undoFilters } from './filters.ts'

const budget = createBudget(defaultLimits, () => 0)
const contents = sampleContents()

for (const [name, code, how] of [
  ['bzip2', 'bz2.compress(d)', 'bzip2'],
  ['bzip2 of the smallest blocks', 'bz2.compress(d, 1)', 'bzip2'],
  ['several bzip2 streams in a row', 'bz2.compress(d[:9]) + bz2.compress(d[9:])', 'bzip2'],
  ['xz', 'lzma.compress(d)', 'xz'],
  [
    'xz with SHA-256 and other properties',
    'lzma.compress(d, check=lzma.CHECK_SHA256, filters=[dict(id=lzma.FILTER_LZMA2, lc=1, lp=3, pb=0, dict_size=4096)])',
    'xz',
  ],
  [
    'xz with the delta filter',
    'lzma.compress(d, filters=[dict(id=lzma.FILTER_DELTA, dist=3), dict(id=lzma.FILTER_LZMA2)])',
    'xz',
  ],
  ['xz with the x86 filter', 'lzma.compress(d, filters=[dict(id=lzma.FILTER_X86), dict(id=lzma.FILTER_LZMA2)])', 'xz'],
  [
    'xz with the PowerPC filter',
    'lzma.compress(d, filters=[dict(id=lzma.FILTER_POWERPC), dict(id=lzma.FILTER_LZMA2)])',
    'xz',
  ],
  ['xz with the ARM filter', 'lzma.compress(d, filters=[dict(id=lzma.FILTER_ARM), dict(id=lzma.FILTER_LZMA2)])', 'xz'],
  [
    'xz with the SPARC filter',
    'lzma.compress(d, filters=[dict(id=lzma.FILTER_SPARC), dict(id=lzma.FILTER_LZMA2)])',
    'xz',
  ],
  ['several xz streams in a row', 'lzma.compress(d[:9]) + lzma.compress(d[9:])', 'xz'],
  ['LZMA', 'lzma.compress(d, format=lzma.FORMAT_ALONE)', 'lzma'],
] as const)
  test(`${name} unpacks to what was packed`, { skip: skipWithout('python3') }, () => {
    const packed = packInPython(code)
    for (const [index, content] of contents.entries()) {
      const found = packed[index] ?? Buffer.alloc(0)
      const { bytes, used } = unpack(found, how, budget)
      assert.ok(bytes.equals(content), `content ${index}`)
      assert.equal(used, found.length)
    }
  })

for (const options of [[], ['-BD'], ['-B4', '--content-size'], ['-l'], ['-BX', '-9']])
  test(`lz4 ${options.join(' ')} unpacks to what was packed`, { skip: skipWithout('lz4') }, () => {
    for (const content of contents) {
      const { stdout } = spawnSync('lz4', ['-z', '-c', ...options], { input: content, maxBuffer: 2 ** 26 })
      assert.ok(unpack(stdout, 'lz4', budget).bytes.equals(content))
    }
  })

test('what follows behind a compressed stream does not belong to it', { skip: skipWithout('python3') }, () => {
  const streams: [Compression, Buffer | undefined][] = [
    ['gzip', gzipSync('content')],
    ['bzip2', packInPython('bz2.compress(d)')[0]],
    ['xz', packInPython('lzma.compress(d)')[0]],
  ]
  for (const [how, packed = Buffer.alloc(0)] of streams)
    assert.equal(unpack(Buffer.concat([packed, Buffer.from('something else')]), how, budget).used, packed.length)
})

test('more than was announced is not unpacked', { skip: skipWithout('python3') }, () => {
  for (const [code, how] of [
    ['bz2.compress(bytes(10**6))', 'bzip2'],
    ['lzma.compress(bytes(10**6))', 'xz'],
    ['lzma.compress(bytes(10**6), format=lzma.FORMAT_ALONE)', 'lzma'],
  ] as const)
    assert.throws(() => unpack(packInPython(code)[0] ?? Buffer.alloc(0), how, budget, 1000), { code: 'over_limit' })
})

test('of a damaged stream comes what lies before the damage, and that there is some is told', {
  skip: skipWithout('python3'),
}, () => {
  const random = seededRandom(7)
  for (const [code, how] of [
    ['bz2.compress(d)', 'bzip2'],
    ['lzma.compress(d)', 'xz'],
    ['lzma.compress(d, format=lzma.FORMAT_ALONE)', 'lzma'],
    ['zlib.compress(d)', 'zlib'],
    ['gzip.compress(d)', 'gzip'],
  ] as const) {
    const packed = packInPython(code)[1] ?? Buffer.alloc(0)
    const content = contents[1] ?? Buffer.alloc(0)
    for (let length = 0; length < packed.length; length += 1 + Math.floor(length / 50)) {
      const { bytes, damage } = unpack(packed.subarray(0, length), how, budget)
      assert.ok(damage instanceof ArtifactError, `${how} cut at ${length}`)
      assert.ok(bytes.equals(content.subarray(0, bytes.length)))
    }
    for (let round = 0; round < 200; round++) {
      const changed = Buffer.from(packed)
      for (let count = 1 + Math.floor(random() * 4); count > 0; count--)
        changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256)
      try {
        unpack(changed, how, budget, 10_000_000)
      } catch (error) {
        assert.ok(error instanceof ArtifactError, String(error))
      }
    }
  }
})

test('a filter that is not known is refused', () => {
  assert.throws(() => undoFilters(new Uint8Array(4), [{ id: 77, properties: new Uint8Array() }]), {
    code: 'unsupported',
  })
})

/** Nothing, texts that repeat, random bytes, bytes like machine code, runs. */
function sampleContents(): Buffer[] {
  const random = seededRandom(1)
  const bytes = (length: number, limit: number) =>
    Buffer.from(Array.from({ length }, () => Math.floor(random() * limit)))
  return [
    Buffer.from('a'),
    Buffer.from('one two three, one two three, and more of it. '.repeat(700)),
    bytes(70_000, 256),
    bytes(40_000, 4),
    Buffer.concat(
      Array.from({ length: 6000 }, () => Buffer.concat([Buffer.from([0xe8]), bytes(2, 256), bytes(2, 2), bytes(1, 9)])),
    ),
    Buffer.concat(
      Array.from({ length: 3000 }, () =>
        Buffer.concat([bytes(3, 256), Buffer.from([0xeb, 0x48]), bytes(2, 256), Buffer.from([1, 0x40]), bytes(3, 256)]),
      ),
    ),
    Buffer.alloc(300_000, 7),
  ]
}

function packInPython(code: string): Buffer[] {
  const script = `import base64, bz2, gzip, lzma, sys, zlib\nfor line in sys.stdin:\n d = base64.b64decode(line)\n print(base64.b64encode(${code}).decode())`
  const input = contents.map((content) => content.toString('base64')).join('\n')
  const { stdout, stderr, status } = spawnSync('python3', ['-I', '-c', script], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  assert.equal(status, 0, stderr)
  return stdout
    .trim()
    .split('\n')
    .map((line) => Buffer.from(line, 'base64'))
}

function skipWithout(program: string): string | false {
  return spawnSync(program, ['--version']).status === 0 ? false : `NOT TESTED: ${program} is not installed`
}
