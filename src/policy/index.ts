/** May they: Cedar policies from a folder, validated by Cedar, decided by our own compiled evaluator. */
export { compilePolicies, type PolicySet } from './compile.ts'
export { decide, type PolicyDecision, type PolicyFailure, type PolicyRequest } from './decide.ts'
export { createEntities, type Entities, type EntityJson } from './entities.ts'
export { describeIssue, PolicyError, type PolicyErrorCode, type PolicyIssue } from './errors.ts'
export type { CedarJson, EntityUidJson } from './json.ts'
export { type FolderReader, loadPolicies } from './load.ts'
export type { Policy, PolicySource } from './parse.ts'
