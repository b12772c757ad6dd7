// What the thread that has Cedar answers, as JSON text: a policy may nest deeper than a structured clone can go.
import type { CheckedPolicies } from './check.ts'
import type { PolicyErrorCode, PolicyIssue } from './errors.ts'

export type Reply =
  | { readonly checked: CheckedPolicies }
  | { readonly code: PolicyErrorCode; readonly issues: readonly PolicyIssue[] }
