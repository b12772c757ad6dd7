// audit: what happened, as OCSF events, in a transparency log that shows every later change.
export { copyLog, LogCheck, type LogCopy, LogRebuild, type LogTrust } from './copy.ts'
export { CrashDisk, type CrashDiskOptions } from './crash-disk.ts'
export { LogError, type LogErrorCode } from './error.ts'
export { type ApiActivity, type ApiActivityInput, apiActivity, type LoggedVerdict } from './events/api-activity.ts'
export {
  type ApplicationLifecycle,
  type ApplicationLifecycleInput,
  applicationLifecycle,
} from './events/application-lifecycle.ts'
export { type Authentication, type AuthenticationInput, authentication } from './events/authentication.ts'
export { type DetectionFinding, type DetectionFindingInput, detectionFinding } from './events/detection-finding.ts'
export {
  type Entity,
  type EntityManagement,
  type EntityManagementInput,
  entityManagement,
} from './events/entity-management.ts'
export type { Actor, EventInput, OcsfEvent, Severity, Status } from './events/event.ts'
export {
  type RemediationActivity,
  type RemediationActivityInput,
  remediationActivity,
} from './events/remediation-activity.ts'
export { diskFiles, type LogFile, type LogFiles, type SyncedFile } from './files.ts'
export { readEntry, searchEntries, seekTime } from './find.ts'
export type { AuditLog, LogState } from './log.ts'
export { type LogOptions, openLog, publicKeysOf } from './open.ts'
export { type LogPage, readCheckpoint, readPage } from './page.ts'
export { type EntryProof, type ProvenEntry, proveEntry, verifyProof } from './prove.ts'
export { countEntries, type EntryFilter, type LogEntry, type LogLocation, queryEntries, readEntries } from './read.ts'
export { type AuditSettings, auditSchema } from './schema.ts'
export { parseVerifierKeys, type VerifierKey } from './tlog/note.ts'
export type { LogProblem, ProblemKind } from './verify/problem.ts'
export { type LogReport, type VerifyOptions, verifyLog } from './verify/verify.ts'
