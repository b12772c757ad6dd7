// What an examination found and could not read, and the verdict that follows from both.
import { createHash } from 'node:crypto'
import type { ArtifactFinding, Report, Verdict } from './finding.ts'
import { isAtLeast, type Severity, severities } from './rule.ts'

/** Why an examination is not complete. */
export interface Incomplete {
  readonly path: string
  readonly reason: string
}

export interface Conclusion {
  readonly verdict: Verdict
  readonly maxSeverity: Severity | undefined
  readonly findings: readonly ArtifactFinding[]
  readonly incomplete: readonly Incomplete[]
  /** Findings beyond the limit, which were not kept. */
  readonly droppedFindings: number
}

export interface Ledger {
  report(path: string, report: Report): void
  incomplete(reason: Incomplete): void
  conclude(): Conclusion
}

export function createLedger(maxFindings: number): Ledger {
  const findings = new Map<string, ArtifactFinding>()
  const reasons = new Map<string, Incomplete>()
  let droppedFindings = 0
  return {
    report(path, { rule, message, severity, confidence, at, trace, subject }) {
      const location = { path, ...at }
      const id = identityOf(rule.id, location, subject)
      if (findings.has(id)) return
      if (findings.size >= maxFindings) droppedFindings++
      else
        findings.set(id, {
          id,
          rule,
          severity: severity ?? rule.severity,
          confidence: confidence ?? 'high',
          message,
          location,
          trace: trace ?? [],
          subject,
        })
    },
    incomplete(reason) {
      reasons.set(`${reason.path} ${reason.reason}`, reason)
    },
    conclude() {
      const list = [...findings.values()].sort(bySeverity)
      const maxSeverity = list[0]?.severity
      const incomplete = [...reasons.values()]
      return {
        verdict: verdictOf(maxSeverity, incomplete.length + droppedFindings),
        maxSeverity,
        findings: list,
        incomplete,
        droppedFindings,
      }
    },
  }
}

/** What is found is found, whatever else could not be read; but a trifle does not stand for a whole. */
function verdictOf(maxSeverity: Severity | undefined, unread: number): Verdict {
  if (maxSeverity !== undefined && isAtLeast(maxSeverity, unread > 0 ? 'medium' : 'low')) return 'findings'
  return unread > 0 ? 'inconclusive' : 'clean'
}

function identityOf(rule: string, location: object, subject: string | undefined): string {
  const text = JSON.stringify([rule, location, subject ?? null])
  return `af_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`
}

function bySeverity(a: ArtifactFinding, b: ArtifactFinding): number {
  return severities.indexOf(b.severity) - severities.indexOf(a.severity)
}
