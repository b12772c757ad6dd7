// artifacts: what hides in model and data files. Everything is parsed, nothing is ever run.
export { type Budget, defaultLimits, type ScanLimits } from './budget.ts'
export { ArtifactError, type ArtifactErrorCode } from './error.ts'
export type { ArtifactFinding, Location, Verdict } from './finding.ts'
export type { ScanOptions } from './format.ts'
export { formats } from './formats.ts'
export { isAtLeast, type Rule, type Severity, severities } from './rule.ts'
export { type FileReport, type Incomplete, type ScanRequest, scan } from './scan.ts'
export { bytesSource, type Source } from './source.ts'
