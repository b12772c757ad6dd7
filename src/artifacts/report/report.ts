// What a scan says, in the form that all formats of output are made from, and that JSON shows as it is. Nothing in it
// depends on when, where or how fast it was made: the same files give the same bytes.
import type { ArtifactFinding, Verdict } from '../finding.ts'
import type { AcceptedFinding, JudgedFile } from '../judgement/judge.ts'
import { isAtLeast, type Rule, type Severity, severities } from '../rule.ts'
import { version } from '../version.ts'

export interface ScanReport {
  readonly files: readonly ReportedFile[]
  readonly summary: Summary
}

export interface ReportedFile {
  readonly path: string
  /** Its main format, by content. */
  readonly format: string
  /** All formats that it can be read as. */
  readonly formats: readonly string[]
  readonly verdict: Verdict
  readonly maxSeverity: Severity | null
  /** Bytes; null when it could not be opened. */
  readonly size: number | null
  readonly sha256: string | null
  readonly findings: readonly ReportedFinding[]
  /** Findings that do not count, and why. */
  readonly accepted: readonly ReportedAcceptance[]
  /** Why it was not read whole. */
  readonly incomplete: readonly { readonly path: string; readonly reason: string }[]
}

export interface ReportedFinding {
  readonly id: string
  readonly rule: string
  readonly title: string
  readonly severity: Severity
  readonly confidence: string
  readonly message: string
  readonly location: ReportedLocation
  readonly trace: readonly string[]
  readonly cwe: readonly string[]
  readonly atlas: readonly string[]
  readonly owasp: readonly string[]
  readonly references: readonly string[]
  readonly remedy: string
}

interface ReportedLocation {
  /** The file, and after each `!/` a member of what comes before. */
  readonly path: string
  /** The members, from the outside in. */
  readonly members: readonly string[]
  readonly offset?: number
  readonly length?: number
  readonly element?: string
  readonly pointer?: string
}

interface ReportedAcceptance extends ReportedFinding {
  readonly accepted: { readonly because: string; readonly reason: string }
}

export interface Summary {
  readonly scanner: { readonly name: 'holdfast'; readonly version: string }
  readonly files: number
  readonly bytes: number
  readonly verdicts: Readonly<Record<Verdict, number>>
  readonly severities: Readonly<Record<Severity, number>>
  readonly accepted: number
  /** Files that were not read whole. */
  readonly incomplete: number
  readonly failOn: Severity | 'none'
  /** Findings at or over `failOn`. */
  readonly failing: number
  readonly result: 'clean' | 'findings' | 'incomplete'
}

/** @param files  in the order in which they are to be shown */
export function scanReport(files: readonly JudgedFile[], failOn: Severity | 'none'): ScanReport {
  const reported = files.map(reportedFile)
  const findings = reported.flatMap((file) => file.findings)
  const failing = failOn === 'none' ? 0 : findings.filter(({ severity }) => isAtLeast(severity, failOn)).length
  const incomplete = reported.filter((file) => file.incomplete.length > 0).length
  return {
    files: reported,
    summary: {
      scanner: { name: 'holdfast', version },
      files: files.length,
      bytes: files.reduce((sum, { size }) => sum + (size ?? 0), 0),
      verdicts: {
        clean: countOf(reported, 'clean'),
        findings: countOf(reported, 'findings'),
        inconclusive: countOf(reported, 'inconclusive'),
      },
      severities: severityCounts(findings),
      accepted: reported.reduce((sum, { accepted }) => sum + accepted.length, 0),
      incomplete,
      failOn,
      failing,
      result: failing > 0 ? 'findings' : incomplete > 0 ? 'incomplete' : 'clean',
    },
  }
}

function reportedFile({ report, size, sha256, verdict, maxSeverity, findings, accepted }: JudgedFile): ReportedFile {
  const { path, formats, incomplete, droppedFindings } = report
  const dropped = { path, reason: `limit reached: ${droppedFindings} more findings, which are not kept` }
  return {
    path,
    format: formats[0] ?? 'unknown',
    formats,
    verdict,
    maxSeverity: maxSeverity ?? null,
    size: size ?? null,
    sha256: sha256 ?? null,
    findings: findings.map((finding) => reportedFinding(path, finding)),
    accepted: accepted.map((each) => reportedAcceptance(path, each)),
    incomplete: droppedFindings > 0 ? [...incomplete, dropped] : incomplete,
  }
}

function reportedFinding(file: string, finding: ArtifactFinding): ReportedFinding {
  const { id, rule, severity, confidence, message, location, trace } = finding
  const { path, ...place } = location
  return {
    id,
    rule: rule.id,
    title: rule.title,
    severity,
    confidence,
    message,
    location: { path, members: path.slice(file.length).split('!/').slice(1), ...place },
    trace,
    cwe: rule.cwe,
    ...tagsOf(rule),
    remedy: rule.remedy,
  }
}

function tagsOf({ atlas = [], owasp = [], references = [] }: Rule) {
  return { atlas, owasp, references }
}

function reportedAcceptance(file: string, { finding, because, reason }: AcceptedFinding): ReportedAcceptance {
  return { ...reportedFinding(file, finding), accepted: { because, reason } }
}

function countOf(files: readonly ReportedFile[], verdict: Verdict): number {
  return files.filter((file) => file.verdict === verdict).length
}

function severityCounts(findings: readonly ReportedFinding[]): Record<Severity, number> {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, info: 0 }
  for (const { severity } of findings) counts[severity]++
  return counts
}

/** The gravest first. */
export const severitiesDown: readonly Severity[] = severities.toReversed()

/** Where in its file, for a person: `archive/data.pkl, byte 12, REDUCE`. */
export function placeText({ members, offset, element, pointer }: ReportedLocation): string {
  const parts = [members.join('!/'), offset === undefined ? '' : `byte ${offset}`, element ?? '', pointer ?? ''].filter(
    (part) => part !== '',
  )
  return parts.join(', ')
}
