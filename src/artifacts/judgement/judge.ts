// From what was found to what counts: the policy's weights, what it accepts, and what was there before.
import { sha256Hex } from '#crypto'
import type { ArtifactFinding, Verdict } from '../finding.ts'
import { isAtLeast, type Rule, type Severity, severities } from '../rule.ts'
import type { ScannedFile } from '../scanner/scan-files.ts'
import type { Baseline } from './baseline.ts'
import { isFor, type Policy } from './policy.ts'

export interface JudgedFile extends ScannedFile {
  /** Of the findings that count. */
  readonly verdict: Verdict
  readonly maxSeverity: Severity | undefined
  /** The gravest first. */
  readonly findings: readonly ArtifactFinding[]
  /** Findings that do not count, with why. */
  readonly accepted: readonly AcceptedFinding[]
}

export interface AcceptedFinding {
  readonly finding: ArtifactFinding
  readonly because: 'ignored' | 'suppressed' | 'baseline'
  readonly reason: string
}

export interface Judgement {
  readonly policy: Policy
  readonly baseline: Baseline | undefined
  /** Formats whose loading can run code or write files; asked for in the mode `strict` only. */
  readonly activeFormats: ReadonlySet<string>
  /** ms since the epoch. */
  readonly now: number
}

export function judge(file: ScannedFile, judgement: Judgement): JudgedFile {
  const { report, sha256 } = file
  const findings: ArtifactFinding[] = []
  const accepted: AcceptedFinding[] = []
  for (const found of [...strictFindings(file, judgement), ...report.findings]) {
    const weighed = weigh(found, report.path, judgement)
    const acceptance = 'because' in weighed ? weighed : settle(weighed, sha256, judgement)
    if (acceptance !== undefined) accepted.push(acceptance)
    else if (!('because' in weighed)) findings.push(weighed)
  }
  findings.sort(byWeight)
  const maxSeverity = findings[0]?.severity
  const verdict = verdictOf(maxSeverity, report.incomplete.length + report.droppedFindings)
  return { ...file, verdict, maxSeverity, findings, accepted }
}

/** As the scanner's own: a trifle does not stand for a whole that was not read. */
function verdictOf(maxSeverity: Severity | undefined, unread: number): Verdict {
  if (maxSeverity !== undefined && isAtLeast(maxSeverity, unread > 0 ? 'medium' : 'low')) return 'findings'
  return unread > 0 ? 'inconclusive' : 'clean'
}

/** The severity that the mode and the last entry for its rule give a finding. */
function weigh(finding: ArtifactFinding, path: string, { policy, now }: Judgement): ArtifactFinding | AcceptedFinding {
  const entry = policy.rules.findLast(
    (each) => now < each.expires && isRule(each.rule, finding.rule.id) && isFor(each.paths, path),
  )
  if (entry?.severity === 'ignore') return { finding, because: 'ignored', reason: entry.reason }
  const severity = entry?.severity ?? severityIn(policy.mode, finding.severity)
  return severity === finding.severity ? finding : { ...finding, severity }
}

function isRule(pattern: string, id: string): boolean {
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern
}

function severityIn(mode: Policy['mode'], severity: Severity): Severity {
  if (severity !== 'medium' || mode === 'framework') return severity
  return mode === 'strict' ? 'high' : 'low'
}

function settle(
  finding: ArtifactFinding,
  digest: string | undefined,
  { policy, baseline, now }: Judgement,
): AcceptedFinding | undefined {
  const entry = policy.suppress.find(
    (each) => now < each.expires && each.finding === finding.id && each.sha256 === digest,
  )
  if (entry !== undefined) return { finding, because: 'suppressed', reason: entry.reason }
  if (baseline?.has(finding.id, digest) !== true) return undefined
  return { finding, because: 'baseline', reason: 'it was there before' }
}

const activeFormat: Rule = {
  id: 'policy/active-format',
  title: 'The format can run code when it is loaded, which this policy does not want',
  severity: 'high',
  cwe: ['CWE-502'],
  owasp: ['LLM03'],
  remedy: 'Convert the weights to safetensors, GGUF or plain NumPy arrays.',
}

/** In the mode `strict`, what is no format of mere numbers is a finding, whatever is in it. */
function strictFindings({ report }: ScannedFile, { policy, activeFormats }: Judgement): readonly ArtifactFinding[] {
  const active = report.formats.filter((format) => activeFormats.has(format))
  if (policy.mode !== 'strict' || active.length === 0) return []
  const message = `It is read as ${active.join(' and as ')}; this policy takes only formats that hold nothing but data.`
  return [
    {
      id: `af_${sha256Hex(JSON.stringify([activeFormat.id, report.path])).slice(0, 24)}`,
      rule: activeFormat,
      severity: activeFormat.severity,
      confidence: 'high',
      message,
      location: { path: report.path },
      trace: [],
      subject: undefined,
    },
  ]
}

function byWeight(a: ArtifactFinding, b: ArtifactFinding): number {
  return severities.indexOf(b.severity) - severities.indexOf(a.severity) || compare(a, b)
}

function compare(a: ArtifactFinding, b: ArtifactFinding): number {
  const keys = [a, b].map(({ location, rule, id }) => [location.path, location.offset ?? 0, rule.id, id] as const)
  for (const place of [0, 1, 2, 3] as const) {
    const [left, right] = [keys[0]?.[place] ?? 0, keys[1]?.[place] ?? 0]
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}
