// artifacts: what hides in model and data files. Everything is parsed, nothing is ever run. The parsers are loaded in
// sandboxed processes only, which is why they do not stand here.
export { defaultLimits, type ScanLimits } from './budget.ts'
export { ArtifactError, type ArtifactErrorCode } from './error.ts'
export { type Baseline, readBaseline, writeBaseline } from './judgement/baseline.ts'
export type { JudgedFile } from './judgement/judge.ts'
export { type Proposal, proposeAllowed } from './judgement/learn.ts'
export { expiredEntries, needsSignature, type Policy, readPolicy } from './judgement/policy.ts'
export {
  publicKeysOf,
  readTrustedKeys,
  signatureProblem,
  signPolicy,
  type TrustedKeys,
} from './judgement/signature.ts'
export { type ArtifactRecord, recordOf } from './record.ts'
export type { HttpGet } from './remote/http.ts'
export { remoteTargets } from './remote/remote.ts'
export { type ReportFormat, renderReport, reportFormats } from './report/render.ts'
export type { ScanReport } from './report/report.ts'
export { type Severity, severities } from './rule.ts'
export { openReportCache } from './scanner/cache.ts'
export type { SandboxSettings } from './scanner/child.ts'
export { type RunOptions, runScan } from './scanner/run.ts'
export type { ReportCache, ScannedFile, Target } from './scanner/scan-files.ts'
export { walk } from './scanner/walk.ts'
export { changedFiles } from './scanner/watch.ts'
