// What can be found in an artifact. A rule is data: what it means, how bad it is, where to read more, what to do.
// Each format's rules lie in its own folder.

/** In order of weight. */
export const severities = ['info', 'low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof severities)[number]

export type Confidence = 'low' | 'medium' | 'high'

export interface Rule {
  /** Stable: `pickle/unsafe-call`. The folder of the format comes first. */
  readonly id: string
  /** One line for lists, without the particulars. */
  readonly title: string
  /** How bad it usually is; a finding may say otherwise. */
  readonly severity: Severity
  /** `CWE-502`, … */
  readonly cwe: readonly string[]
  /** MITRE ATLAS techniques, `AML.T0011.000`, … */
  readonly atlas?: readonly string[]
  /** OWASP Top 10 for LLM applications 2025, `LLM03`, … */
  readonly owasp?: readonly string[]
  /** CVE and GHSA ids, and addresses. */
  readonly references?: readonly string[]
  /** What to do about it, as a sentence: "Convert the weights to safetensors…". */
  readonly remedy: string
}

export function isAtLeast(severity: Severity, threshold: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(threshold)
}
