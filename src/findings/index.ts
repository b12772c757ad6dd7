// What is wrong with an asset, and what is done about it.

export type { Action, ActionPlan, ProbeResult, Tactic } from './actions/action.ts'
export {
  type ActionFilter,
  type ActionRequest,
  type Actions,
  type ActionsOptions,
  createActions,
} from './actions/actions.ts'
export type { Expired, FailedInversion } from './actions/inversion.ts'
export type { ActionId, ActionRecord, ActionState } from './actions/record.ts'
export type { Change, RecordEvent } from './changes.ts'
export { FindingsError, type FindingsErrorCode } from './error.ts'
export {
  type Evidence,
  type Finding,
  type FindingId,
  type FindingReport,
  type FindingSeverity,
  type FindingState,
  findingId,
  findingStates,
  severities,
  type Technique,
} from './finding.ts'
export { type FindingFilter, type Findings, type FindingsOptions, openFindings } from './findings.ts'
export { type FindingsTables, findingsMigrations } from './migrations.ts'
export type { TransitionReason } from './transition.ts'
