// What a scan found, for the inventory and the findings of an installation. The same content is the same asset wherever
// it lies, and the same rule at the same place in it is the same finding, however often it is scanned.
import type { FindingReport, FindingSeverity, Technique } from '#findings'
import type { AssetInput } from '#inventory'
import type { ArtifactFinding } from './finding.ts'
import type { JudgedFile } from './judgement/judge.ts'
import type { Severity } from './rule.ts'

export interface ArtifactRecord {
  readonly asset: AssetInput & { readonly kind: 'artifact' }
  /** Each about that asset. */
  readonly findings: readonly Omit<FindingReport, 'asset'>[]
}

/** Undefined for a file that was not read, or whose digest is not known: nothing could be said of it later. */
export function recordOf({ report, sha256, verdict, findings }: JudgedFile): ArtifactRecord | undefined {
  if (sha256 === undefined) return undefined
  const digest = `sha256:${sha256}`
  return {
    asset: {
      kind: 'artifact',
      identity: digest,
      name: report.path.slice(-512),
      digest,
      labels: { format: report.formats[0] ?? 'unknown', verdict },
    },
    findings: findings.map((finding) => findingReport(finding, report.path, digest)),
  }
}

const weights: Readonly<Record<Severity, FindingSeverity>> = {
  info: 'informational',
  low: 'low',
  medium: 'medium',
  high: 'high',
  critical: 'critical',
}

function findingReport(
  { rule, severity, message, location, trace, subject }: ArtifactFinding,
  file: string,
  digest: string,
): Omit<FindingReport, 'asset'> {
  const inside = location.path.slice(file.length)
  return {
    rule: `artifacts/${rule.id}`,
    discriminator: JSON.stringify([inside, location.offset ?? null, location.pointer ?? null, subject ?? null])
      .toWellFormed()
      .slice(0, 1024),
    severity: weights[severity],
    title: rule.title.slice(0, 200),
    description: [message, ...trace, rule.remedy].join('\n').slice(0, 2000),
    techniques: [...(rule.atlas ?? []).flatMap(atlas), ...(rule.owasp ?? []).flatMap(owasp)].slice(0, 16),
    controls: rule.cwe.slice(0, 64),
    evidence: [{ kind: 'file', summary: `${file}${inside}`.slice(0, 500), digest }],
  }
}

function atlas(id: string): Technique[] {
  return /^AML\.T\d{4}(\.\d{3})?$/.test(id) ? [{ framework: 'atlas', id }] : []
}

function owasp(id: string): Technique[] {
  return /^LLM\d{2}(:\d{4})?$/.test(id) ? [{ framework: 'owasp-llm', id }] : []
}
