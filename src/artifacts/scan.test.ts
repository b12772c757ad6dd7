import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from './budget.ts'
import { ArtifactError } from './error.ts'
import type { Format } from './format.ts'
import type { Rule } from './rule.ts'
import { scan } from './scan.ts'
import { bytesSource } from './source.ts'

test('a file of a known format with nothing in it is clean', () => {
  const report = scanText('LEAF....')
  assert.equal(report.verdict, 'clean')
  assert.deepEqual(report.formats, ['leaf'])
})

test('what no format knows is inconclusive, never clean', () => {
  assert.equal(scanText('something else').verdict, 'inconclusive')
})

test('what breaks off is inconclusive, and the reason is told', () => {
  const report = scanText('LEAF')
  assert.equal(report.verdict, 'inconclusive')
  assert.deepEqual(report.incomplete, [{ path: 'file', reason: 'leaf: cut off' }])
})

test('a finding has its place, member by member, and an id that stays', () => {
  const [finding] = scanText('NEST1LEAFevil').findings
  assert.equal(finding?.location.path, 'file!/inner')
  assert.equal(finding?.severity, 'high')
  assert.equal(finding?.id, scanText('NEST1LEAFevil').findings[0]?.id)
})

test('what follows behind the end is examined on its own', () => {
  const report = scanText('LEAF....LEAFevil')
  assert.deepEqual(
    report.findings.map(({ rule, location }) => [rule.id, location.path]),
    [
      ['leaf/evil', 'file!/(appended)'],
      ['file/appended-data', 'file'],
    ],
  )
})

test('containers nest to a limit, beyond which the verdict is inconclusive', () => {
  const nested = (depth: number) => `${'NEST1'.repeat(depth)}LEAF....`
  assert.equal(scanText(nested(defaultLimits.depth)).verdict, 'clean')
  assert.equal(scanText(nested(defaultLimits.depth + 1)).verdict, 'inconclusive')
})

test('a mistake of ours is inconclusive, and says nothing of the content', () => {
  const report = scanText('BUGsecret')
  assert.equal(report.verdict, 'inconclusive')
  assert.ok(!JSON.stringify(report.incomplete).includes('secret'))
})

const evil: Rule = { id: 'leaf/evil', title: 'Evil', severity: 'high', cwe: [], remedy: 'Remove it.' }

const leaf: Format = {
  id: 'leaf',
  isActive: true,
  recognise: ({ head }) => (startsWith(head, 'LEAF') ? 'certain' : undefined),
  examine({ source, report }) {
    const text = Buffer.from(source.read(4, 4)).toString()
    if (text.length < 4) throw new ArtifactError('malformed', 'cut off')
    if (text === 'evil') report({ rule: evil, message: 'It is evil.', at: { offset: 4, length: 4 } })
    return 8
  },
}

const nest: Format = {
  id: 'nest',
  isActive: false,
  recognise: ({ head }) => (startsWith(head, 'NEST1') ? 'certain' : undefined),
  examine({ source, enter }) {
    enter('inner', bytesSource(source.read(5, source.size)))
    return source.size
  },
}

const broken: Format = {
  id: 'broken',
  isActive: false,
  recognise: ({ head }) => (startsWith(head, 'BUG') ? 'certain' : undefined),
  examine({ source }) {
    throw new TypeError(Buffer.from(source.read(0, source.size)).toString())
  },
}

function scanText(text: string) {
  return scan({
    source: bytesSource(Buffer.from(text)),
    path: 'file',
    formats: [leaf, nest, broken],
    limits: defaultLimits,
    options: { allowed: new Set() },
    now: () => 0,
  })
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.subarray(0, text.length)).equals(Buffer.from(text))
}
