// The reports, each against what its readers expect of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import type { Log } from 'sarif'
import type { ArtifactFinding } from '../finding.ts'
import type { JudgedFile } from '../judgement/judge.ts'
import type { Rule } from '../rule.ts'
import { renderReport, reportFormats } from './render.ts'
import { scanReport } from './report.ts'
import { sarifReport } from './sarif.ts'
import { sizeText } from './text.ts'

const evil = `</script><script>alert(1)</script>]]>&"'\u001b[31m\u202e\ud800\u0000`

const rule: Rule = {
  id: 'pickle/dangerous-call',
  title: `Runs ${evil}`,
  severity: 'critical',
  cwe: ['CWE-502'],
  atlas: ['AML.T0011.000'],
  owasp: ['LLM03'],
  references: ['CVE-2025-32434', 'GHSA-97f8-7cmv-76j2', 'https://example.com/a', 'a note'],
  remedy: `Do not load it. ${evil}`,
}

const finding: ArtifactFinding = {
  id: `af_${'1'.repeat(24)}`,
  rule,
  severity: 'critical',
  confidence: 'high',
  message: `It calls os.system. ${evil}`,
  location: { path: `dir/a b.pt!/x/${evil}`, offset: 12, length: 3, element: 'REDUCE', pointer: '/a' },
  trace: [`os.system(${evil})`],
  subject: undefined,
}

const inFile: ArtifactFinding = {
  ...finding,
  id: `af_${'2'.repeat(24)}`,
  severity: 'low',
  location: { path: 'dir/a b.pt', offset: 5 },
  trace: [],
}

const files: readonly JudgedFile[] = [
  judged('dir/a b.pt', {
    findings: [finding, inFile],
    sha256: 'a'.repeat(64),
    verdict: 'findings',
    maxSeverity: 'critical',
  }),
  judged(`dir/${evil}`, { verdict: 'inconclusive', size: undefined, reason: `cut off ${evil}` }),
  judged('dir/fine.safetensors', { sha256: 'b'.repeat(64) }),
  judged('dir/known.pkl', { sha256: 'c'.repeat(64), accepted: [finding] }),
]
const report = scanReport(files, 'high')

test('the summary counts what counts, and says how the scan ends', () => {
  assert.deepEqual(report.summary.verdicts, { clean: 2, findings: 1, inconclusive: 1 })
  assert.deepEqual(report.summary.severities, { critical: 1, high: 0, medium: 0, low: 1, info: 0 })
  assert.equal(report.summary.result, 'findings')
  assert.equal(report.summary.accepted, 1)
  assert.equal(scanReport(files, 'none').summary.result, 'incomplete')
  assert.equal(scanReport(files.slice(2), 'info').summary.result, 'clean')
})

test('the same files give the same bytes in every format', async () => {
  for (const format of reportFormats)
    assert.equal(await renderReport(report, format), await renderReport(scanReport(files, 'high'), format))
})

test('no format lets through an escape, a direction mark or half a character, raw', async () => {
  for (const format of reportFormats) {
    const text = await renderReport(report, format)
    assert.doesNotMatch(
      text,
      format === 'text' || format === 'html' || format === 'junit'
        ? /[\u0000-\u0008\u001b\u007f-\u009f\u202e]/
        : /[\u0000-\u0008\u001b]/,
    )
    assert.ok(text.isWellFormed(), format)
  }
})

test('JSON has the path, format, verdict, gravest severity and findings of each file', async () => {
  const { files: parsed } = JSON.parse(await renderReport(report, 'json'))
  assert.deepEqual(
    parsed
      .map(({ path, format, verdict, maxSeverity, findings }: Record<string, unknown[]>) => [
        path,
        format,
        verdict,
        maxSeverity,
        findings?.length,
      ])
      .slice(2),
    [
      ['dir/fine.safetensors', 'x', 'clean', null, 0],
      ['dir/known.pkl', 'x', 'clean', null, 0],
    ],
  )
  assert.deepEqual(parsed[0].findings[0].location.members, [`x/${evil}`.toWellFormed()])
  assert.equal(parsed[3].accepted[0].accepted.reason, 'known')
})

test('SARIF 2.1.0 has rules, places, fingerprints and suppressions as its schema has them', () => {
  // The compiler compares the whole of it with the standard's types.
  const log: Log = sarifReport(report)
  const [run] = log.runs
  assert.equal(run?.tool.driver.rules?.length, 1)
  assert.deepEqual(
    run?.results?.map(({ level, ruleIndex, suppressions = [] }) => [level, ruleIndex, suppressions.length]),
    [
      ['error', 0, 0],
      ['note', 0, 0],
      ['error', 0, 1],
    ],
  )
  const [inMember, plain] = run?.results ?? []
  assert.equal(
    inMember?.locations?.[0]?.physicalLocation?.region,
    undefined,
    'an offset in a member is none of the file',
  )
  assert.equal(inMember?.locations?.[0]?.logicalLocations?.[0]?.fullyQualifiedName, finding.location.path)
  assert.deepEqual(plain?.locations?.[0]?.physicalLocation, {
    artifactLocation: { uri: 'dir/a%20b.pt', index: 0 },
    region: { byteOffset: 5 },
  })
  assert.equal(inMember?.fingerprints?.['holdfast/v1'], finding.id)
  assert.equal(run?.invocations?.[0]?.executionSuccessful, false)
  assert.equal(run?.invocations?.[0]?.toolExecutionNotifications?.length, 1)
  for (const { location } of run?.artifacts ?? []) assert.match(location?.uri ?? '', /^[\w./%!'()*~-]+$/)
})

test('CycloneDX 1.7 is valid by its own schema', async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot7)
  const text = await renderReport(report, 'cyclonedx')
  assert.equal(await validator.validate(text), null)
  const { vulnerabilities } = JSON.parse(text)
  assert.deepEqual(vulnerabilities[0].cwes, [502])
})

test('JUnit fails what is at or over the threshold, and has an error for what was not read', async () => {
  const text = await renderReport(report, 'junit')
  assert.match(text, /<testsuites name="holdfast scan" tests="4" failures="1" errors="1" skipped="0">/)
  // Every tag that is opened is closed, and nothing of a file is a tag.
  const open: string[] = []
  for (const [, end, name = '', self] of text.matchAll(/<(\/?)([a-z?!][\w-]*)[^<>]*?(\/?)>/g)) {
    if (name.startsWith('?') || self === '/') continue
    if (end === '/') assert.equal(open.pop(), name)
    else open.push(name)
  }
  assert.deepEqual(open, [])
  assert.doesNotMatch(text, /<script/)
})

test('the HTML page runs nothing, fetches nothing and shows what is hostile as text', async () => {
  const text = await renderReport(report, 'html')
  assert.match(text, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'/)
  assert.doesNotMatch(text, /<script|<img|<link|<iframe|\son\w+=|https?:\/\/[^<]*["'][^<]*>|url\(/i)
  assert.match(text, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/)
})

test('text begins with the summary, and has colours only where they are wanted', async () => {
  const text = await renderReport(report, 'text')
  assert.match(
    text,
    /^files {5}4, 30 B: 2 clean, 1 with findings, 1 inconclusive\nfindings {2}1 critical, 1 low; 1 accepted\nresult {4}1 finding at or over high\n/,
  )
  assert.ok(text.indexOf('dir/a b.pt') < text.indexOf('INCONCLUSIVE'), 'the gravest first')
  assert.doesNotMatch(text, /fine\.safetensors/)
  assert.match(await renderReport(report, 'text', true), /\u001b\[1;31m1 critical\u001b\[0m/)
})

test('sizes are told in powers of 1000', () => {
  assert.deepEqual([0, 999, 1000, 12_345, 20e9, 3e15].map(sizeText), [
    '0 B',
    '999 B',
    '1.0 kB',
    '12 kB',
    '20 GB',
    '3000 TB',
  ])
})

interface Shape {
  readonly findings?: readonly ArtifactFinding[]
  readonly accepted?: readonly ArtifactFinding[]
  readonly verdict?: JudgedFile['verdict']
  readonly maxSeverity?: JudgedFile['maxSeverity']
  readonly sha256?: string
  readonly size?: number | undefined
  readonly reason?: string
}

function judged(path: string, shape: Shape): JudgedFile {
  const { findings = [], accepted = [], verdict = 'clean', maxSeverity, sha256, reason } = shape
  const incomplete = reason === undefined ? [] : [{ path: `${path}!/member`, reason }]
  return {
    report: {
      path,
      formats: ['x'],
      verdict,
      maxSeverity,
      findings: [...findings, ...accepted],
      incomplete,
      droppedFindings: 0,
    },
    size: 'size' in shape ? undefined : 10,
    sha256,
    verdict,
    maxSeverity,
    findings,
    accepted: accepted.map((each) => ({ finding: each, because: 'suppressed', reason: 'known' })),
  }
}
