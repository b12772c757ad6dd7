import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { ArtifactFinding } from '../finding.ts'
import type { Severity } from '../rule.ts'
import type { ScannedFile } from '../scanner/scan-files.ts'
import { readBaseline, writeBaseline } from './baseline.ts'
import { judge } from './judge.ts'
import { proposeAllowed } from './learn.ts'
import { allowedNames, expiredEntries, needsSignature, plainPolicy, readPolicy } from './policy.ts'
import { publicKeysOf, readTrustedKeys, signatureProblem, signPolicy } from './signature.ts'

const now = Date.parse('2026-11-20T12:00:00Z')
const digest = 'a'.repeat(64)

test('a rule of the policy gives its findings another weight, where it is for and until it ends', () => {
  const policy = readPolicy(
    `version: 1
rules:
  - { rule: pickle/*, severity: low, reason: reviewed, expires: 2026-11-20, paths: ['models/**'] }
  - { rule: pickle/b, severity: ignore, reason: noise, expires: 2026-12-01 }
  - { rule: pickle/c, severity: ignore, reason: old, expires: 2026-11-19 }
`,
    'policy.yaml',
  )
  const weights = (path: string, at = now) => {
    const found = [finding('pickle/a', 'high'), finding('pickle/b', 'high'), finding('pickle/c', 'high')]
    const { findings, accepted } = judge(scanned(path, found), { ...plain, policy, now: at })
    return [
      findings.map(({ rule, severity }) => `${rule.id} ${severity}`),
      accepted.map(({ finding }) => finding.rule.id),
    ]
  }
  assert.deepEqual(weights('models/x/a.pkl'), [['pickle/a low', 'pickle/c low'], ['pickle/b']])
  assert.deepEqual(weights('data/a.pkl'), [['pickle/a high', 'pickle/c high'], ['pickle/b']])
  assert.deepEqual(weights('models/a.pkl', Date.parse('2026-11-21')), [
    ['pickle/a high', 'pickle/c high'],
    ['pickle/b'],
  ])
  assert.deepEqual(expiredEntries(policy, now), ['what it says of the rule pickle/c ended on 2026-11-20T00:00:00.000Z'])
})

test('a finding is suppressed in the bytes that were looked at, and in no others', () => {
  const policy = readPolicy(
    `version: 1\nsuppress: [{ finding: ${idOf('pickle/a')}, sha256: ${digest}, reason: x, expires: 2027-01-01 }]`,
    'p',
  )
  const judged = (file: ScannedFile, at = now) => judge(file, { ...plain, policy, now: at })
  assert.equal(judged(scanned('f', [finding('pickle/a', 'critical')])).verdict, 'clean')
  const other = { ...scanned('f', [finding('pickle/a', 'critical')]), sha256: 'b'.repeat(64) }
  assert.equal(judged(other).verdict, 'findings')
  assert.equal(judged({ ...other, sha256: undefined }).verdict, 'findings')
  assert.equal(judged(scanned('f', [finding('pickle/a', 'critical')]), Date.parse('2027-01-02')).verdict, 'findings')
})

test('accepting a finding does not make whole what was not read', () => {
  const policy = readPolicy('version: 1\nrules: [{ rule: a/b, severity: ignore, reason: x, expires: 2027-01-01 }]', 'p')
  const file = scanned('f', [finding('a/b', 'high')], [{ path: 'f', reason: 'encrypted' }])
  assert.equal(judge(file, { ...plain, policy }).verdict, 'inconclusive')
})

test('a strict policy takes no format that can run code, and medium weighs high; a permissive one lets it weigh low', () => {
  const strict = { ...plain, policy: { ...plainPolicy, mode: 'strict' as const }, activeFormats: new Set(['pickle']) }
  const judged = judge(scanned('f', [finding('a/b', 'medium')]), strict)
  assert.deepEqual(
    judged.findings.map(({ rule, severity }) => [rule.id, severity]),
    [
      ['a/b', 'high'],
      ['policy/active-format', 'high'],
    ],
  )
  const permissive = { ...plain, policy: { ...plainPolicy, mode: 'permissive' as const } }
  assert.equal(judge(scanned('f', [finding('a/b', 'medium')]), permissive).maxSeverity, 'low')
  assert.equal(judge(scanned('f', [finding('a/b', 'high')]), permissive).maxSeverity, 'high')
})

test('names are trusted until they end, in the files they are for', () => {
  const policy = readPolicy(
    `version: 1
allow:
  - { name: acme.models.Net, reason: ours, expires: 2027-01-01 }
  - { name: acme.old.*, reason: ours, expires: 2026-01-01 }
  - { name: acme.one, sha256: ${digest}, reason: ours, expires: 2027-01-01 }
  - { name: acme.there, paths: ['there/*'], reason: ours, expires: 2027-01-01 }
`,
    'p',
  )
  assert.deepEqual(allowedNames(policy, 'f', undefined, now), ['acme.models.Net'])
  assert.deepEqual(allowedNames(policy, 'f', digest, now), ['acme.models.Net', 'acme.one'])
  assert.deepEqual(allowedNames(policy, 'there/f', undefined, now), ['acme.models.Net', 'acme.there'])
  assert.ok(needsSignature(policy))
})

test('a policy with a mistake is refused with its place', () => {
  const wrong = [
    'version: 2',
    'version: 1\nmode: lax',
    'version: 1\nignore: all',
    'version: 1\nrules: [{ rule: pickle/a, severity: ignore, reason: no end }]',
    'version: 1\nrules: [{ rule: pickle/a, severity: ignore, expires: 2027-01-01 }]',
    'version: 1\nallow: [{ name: "os.system; x", reason: x, expires: 2027-01-01 }]',
    'version: 1\nallow: [{ name: "*", reason: x, expires: 2027-01-01 }]',
    'version: 1\nrules: [{ rule: "*", severity: ignore, reason: x, expires: 2027-13-45 }]',
    'version: 1\nsuppress: [{ finding: af_000000000000000000000000, reason: no digest, expires: 2027-01-01 }]',
    '[',
  ]
  for (const text of wrong)
    assert.throws(() => readPolicy(text, 'policy.yaml'), { message: /^policy\.yaml:\d+:\d+: / }, text)
})

test('a policy counts as signed only unchanged, and by both of the trusted keys', () => {
  const keys = keyPair()
  const text = 'version: 1\n'
  const envelope = signPolicy(text, keys)
  const trusted = readTrustedKeys(publicKeysOf(keys))
  assert.equal(signatureProblem(text, envelope, trusted), undefined)
  assert.equal(signatureProblem(`${text}# more\n`, envelope, trusted), 'it was changed after it was signed')
  assert.match(signatureProblem(text, signPolicy(text, keyPair()), trusted) ?? '', /not signed by the ed25519 key/)
  const half = { ...keyPair(), ed25519: keys.ed25519 }
  assert.match(signatureProblem(text, signPolicy(text, half), trusted) ?? '', /not signed by the ml-dsa-44 key/)
  const parsed = JSON.parse(envelope)
  const forged = { ...parsed, signatures: parsed.signatures.map((each: object) => ({ ...each, sig: 'AAAA' })) }
  assert.match(signatureProblem(text, JSON.stringify(forged), trusted) ?? '', /signature is wrong/)
  const twice = { ...parsed, signatures: [parsed.signatures[0], parsed.signatures[0]] }
  assert.match(signatureProblem(text, JSON.stringify(twice), trusted) ?? '', /not signed by the ml-dsa-44/)
  for (const damaged of ['', '{}', 'null', JSON.stringify({ ...parsed, signatures: [] })])
    assert.equal(signatureProblem(text, damaged, trusted), 'the signature file is not one')
  for (const pem of ['', publicKeysOf(keys).repeat(2), 'x'])
    assert.throws(() => readTrustedKeys(pem), { code: 'malformed' })
})

test('what a baseline knows does not count again, unless the file has changed', () => {
  const before = scanned('f', [finding('a/b', 'high'), finding('a/c', 'low')])
  const text = writeBaseline([before, { ...before, sha256: undefined }])
  const baseline = readBaseline(text, 'baseline.json')
  const judged = judge(
    { ...before, report: { ...before.report, findings: [...before.report.findings, finding('a/new', 'medium')] } },
    { ...plain, baseline },
  )
  assert.deepEqual(
    judged.findings.map(({ rule }) => rule.id),
    ['a/new'],
  )
  assert.equal(judged.accepted.length, 2)
  assert.equal(judge({ ...before, sha256: 'b'.repeat(64) }, { ...plain, baseline }).findings.length, 2)
  for (const damaged of ['', '[]', '{"version":1}', '{"version":1,"findings":[{"id":"x"}]}'])
    assert.throws(() => readBaseline(damaged, 'b'), { code: 'malformed' })
})

test('learning proposes the unknown names and nothing that is dangerous', () => {
  const files = ['b', 'a'].map((path) =>
    scanned(path, [
      { ...finding('pickle/foreign-class', 'low'), subject: 'acme.Scaler' },
      { ...finding('pickle/foreign-call', 'high'), subject: 'evil"; x.y' },
      { ...finding('pickle/dangerous-call', 'critical'), subject: 'os.system' },
    ]),
  )
  const { text, names, refused } = proposeAllowed(files, Date.parse('2027-05-19'))
  assert.deepEqual(names, ['acme.Scaler'])
  assert.deepEqual(parse(text).allow, [
    { name: 'acme.Scaler', reason: 'needed by a and 1 more', expires: '2027-05-19' },
  ])
  assert.equal(refused.length, 4)
  assert.deepEqual(readPolicy(text, 'p').allow.length, 1)
})

const plain = { policy: plainPolicy, baseline: undefined, activeFormats: new Set<string>(), now }

function idOf(rule: string): string {
  return `af_${Buffer.from(rule).toString('hex').padEnd(24, '0').slice(0, 24)}`
}

function finding(rule: string, severity: Severity): ArtifactFinding {
  return {
    id: idOf(rule),
    rule: { id: rule, title: rule, severity, cwe: [], remedy: 'Remove it.' },
    severity,
    confidence: 'high',
    message: rule,
    location: { path: 'f' },
    trace: [],
    subject: undefined,
  }
}

function scanned(
  path: string,
  findings: readonly ArtifactFinding[],
  incomplete: ScannedFile['report']['incomplete'] = [],
): ScannedFile {
  const verdict = findings.length > 0 ? 'findings' : 'clean'
  const report = {
    path,
    formats: ['pickle'],
    verdict,
    maxSeverity: undefined,
    findings,
    incomplete,
    droppedFindings: 0,
  } as const
  return { report, size: 1, sha256: digest }
}

function keyPair() {
  return {
    ed25519: generateKeyPairSync('ed25519').privateKey,
    mldsa44: generateKeyPairSync('ml-dsa-44').privateKey,
  }
}
