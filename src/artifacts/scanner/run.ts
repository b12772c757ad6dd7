// A whole scan, from targets to the report: what the command line calls, and whoever else wants files judged.
import type { ScanLimits } from '../budget.ts'
import type { Baseline } from '../judgement/baseline.ts'
import { type JudgedFile, judge } from '../judgement/judge.ts'
import { allowedNames, type Policy, plainPolicy } from '../judgement/policy.ts'
import { type ScanReport, scanReport } from '../report/report.ts'
import type { Severity } from '../rule.ts'
import type { SandboxSettings } from './child.ts'
import { type ReportCache, type ScannedFile, scanFiles, type Target } from './scan-files.ts'

export interface RunOptions {
  readonly limits: ScanLimits
  /** How many files at once, each in a process of its own. */
  readonly jobs: number
  readonly sandbox: SandboxSettings
  /** ms since the epoch: what the policy allows may have ended. */
  readonly now: number
  /** From which severity on a finding makes the scan fail. */
  readonly failOn: Severity | 'none'
  readonly policy?: Policy | undefined
  readonly baseline?: Baseline | undefined
  readonly cache?: ReportCache | undefined
  /** Takes the SHA-256 of every file; otherwise of those only that are small. */
  readonly digests?: boolean
  onFile?(file: ScannedFile): void
  readonly signal?: AbortSignal
}

/** Reading a file of this size costs less than starting a process for it. */
const cheapDigestBytes = 64 * 1024 ** 2

/** @throws the signal's reason when it is aborted */
export async function runScan(
  targets: AsyncIterable<Target> | Iterable<Target>,
  options: RunOptions,
): Promise<{ readonly report: ScanReport; readonly files: readonly JudgedFile[] }> {
  const { policy = plainPolicy, baseline, now } = options
  const needsDigest =
    options.digests === true ||
    baseline !== undefined ||
    policy.suppress.length > 0 ||
    policy.allow.some(({ sha256 }) => sha256 !== undefined)
  const scanned = await scanFiles(targets, {
    ...options,
    wantsDigest: (size) => needsDigest || size <= cheapDigestBytes,
    allowedIn: (path, sha256) => allowedNames(policy, path, sha256, now),
  })
  const judgement = { policy, baseline, now, activeFormats: await activeFormats(policy) }
  const files = scanned.map((file) => judge(file, judgement))
  return { report: scanReport(files, options.failOn), files }
}

/** The parsers are loaded in this process for the one question of what formats there are; they parse nothing here. */
async function activeFormats({ mode }: Policy): Promise<ReadonlySet<string>> {
  if (mode !== 'strict') return new Set()
  const { formats } = await import('../formats.ts')
  return new Set(formats.filter(({ isActive }) => isActive).map(({ id }) => id))
}
