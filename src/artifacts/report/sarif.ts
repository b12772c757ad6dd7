// SARIF 2.1.0 (OASIS), for code scanning of GitHub, GitLab, Azure DevOps and editors. A place in a member of an archive
// is a logical location: a byte offset in it is none of the file on disk.
import type { Severity } from '../rule.ts'
import { placeText, type ReportedFile, type ReportedFinding, type ScanReport } from './report.ts'

const levels = { critical: 'error', high: 'error', medium: 'warning', low: 'note', info: 'note' } as const

/** GitHub sorts by this number: over 9 critical, from 7 high, from 4 medium. */
const weights: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.5',
  low: '2.5',
  info: '0.5',
}

export function sarifReport({ files, summary }: ScanReport) {
  const all = files.flatMap((file) => [...file.findings, ...file.accepted])
  const rules = [...new Map(all.map((finding) => [finding.rule, finding])).values()].sort((a, b) =>
    a.rule < b.rule ? -1 : 1,
  )
  const indexOf = new Map(rules.map(({ rule }, index) => [rule, index]))
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0' as const,
    runs: [
      {
        tool: {
          driver: {
            name: 'Holdfast',
            version: summary.scanner.version,
            informationUri: 'https://github.com/holdfast-security/holdfast',
            rules: rules.map(ruleOf),
          },
        },
        invocations: [
          {
            executionSuccessful: summary.incomplete === 0,
            toolExecutionNotifications: files.flatMap(notificationsOf),
          },
        ],
        artifacts: files.map(artifactOf),
        results: files.flatMap((file, index) => [
          ...file.findings.map((finding) => resultOf(file, index, finding, indexOf.get(finding.rule) ?? -1, [])),
          ...file.accepted.map((finding) =>
            resultOf(file, index, finding, indexOf.get(finding.rule) ?? -1, [
              { kind: 'external' as const, status: 'accepted' as const, justification: finding.accepted.reason },
            ]),
          ),
        ]),
        columnKind: 'utf16CodeUnits' as const,
      },
    ],
  }
}

function ruleOf({ rule, title, severity, remedy, cwe, atlas, owasp, references }: ReportedFinding) {
  const link = references.find((each) => each.startsWith('https://'))
  return {
    id: rule,
    name: rule.replaceAll(/(?:^|[/-])(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: `${title}.` },
    help: { text: [remedy, ...references].join('\n') },
    ...(link === undefined ? {} : { helpUri: link }),
    defaultConfiguration: { level: levels[severity] },
    properties: {
      tags: ['security', ...cwe.map((each) => `external/cwe/${each.toLowerCase()}`), ...atlas, ...owasp],
      precision: 'high',
      'security-severity': weights[severity],
    },
  }
}

function artifactOf({ path, size, sha256, format }: ReportedFile) {
  return {
    location: { uri: uriOf(path) },
    ...(size === null ? {} : { length: size }),
    ...(sha256 === null ? {} : { hashes: { 'sha-256': sha256 } }),
    properties: { format },
  }
}

function resultOf(
  { path, sha256 }: ReportedFile,
  artifact: number,
  { id, rule, severity, confidence, message, location, trace }: ReportedFinding,
  ruleIndex: number,
  suppressions: readonly { kind: 'external'; status: 'accepted'; justification: string }[],
) {
  const isInFile = location.members.length === 0
  const { offset, length } = location
  const place = placeText(location)
  return {
    ruleId: rule,
    ruleIndex,
    level: levels[severity],
    message: { text: [message, ...trace.map((step) => `→ ${step}`)].join('\n') },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(path), index: artifact },
          ...(isInFile && offset !== undefined
            ? { region: { byteOffset: offset, ...(length === undefined ? {} : { byteLength: length }) } }
            : {}),
        },
        ...(place === ''
          ? {}
          : { logicalLocations: [{ fullyQualifiedName: location.path, name: place, kind: 'member' }] }),
      },
    ],
    // The second stays the same wherever the file lies, as long as it has the same content.
    fingerprints: { 'holdfast/v1': id },
    partialFingerprints:
      sha256 === null
        ? {}
        : { 'holdfastContent/v1': `${sha256}:${location.members.join('!/')}:${offset ?? ''}:${rule}` },
    ...(suppressions.length === 0 ? {} : { suppressions: [...suppressions] }),
    properties: { severity, confidence, 'security-severity': weights[severity] },
  }
}

function notificationsOf({ path, incomplete }: ReportedFile) {
  return incomplete.map(({ path: place, reason }) => ({
    level: 'error' as const,
    message: { text: place === path ? reason : `${place.slice(path.length + 2)}: ${reason}` },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }],
  }))
}

/** A path as a relative reference, or the address that it is. */
function uriOf(written: string): string {
  const path = written.toWellFormed()
  const scheme = /^(?:https|s3|hf):/.exec(path)?.[0]
  if (scheme !== undefined) return encodeURI(path)
  const reference = path.split('/').map(encodeURIComponent).join('/')
  return reference.startsWith('/') ? `file://${reference}` : reference
}
