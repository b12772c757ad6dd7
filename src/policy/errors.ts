/** The errors of this room: one for what a person has to correct, one for a policy that cannot be evaluated. */

export type PolicyErrorCode =
  /** the folder or a file in it cannot be read, or there is no policy in it */
  | 'unreadable'
  /** a policy or the schema is not Cedar, or a policy is a template, which is not supported */
  | 'syntax'
  /** a policy is Cedar, but not valid against the schema */
  | 'invalid'
  /** two policies have the same id */
  | 'duplicate'
  /** over a limit of size or nesting, or checking takes more time or memory than allowed */
  | 'too_complex'
  /** the thread that checks policies ended without an answer */
  | 'crashed'
  /** the entities are not Cedar entities, contradict each other, or form a circle */
  | 'entities'
  /** principal, action, resource or context of a request are not Cedar values */
  | 'request'

/** One thing to correct. `line` and `column` count from 1 (columns in UTF-16 units); 0 where there is no place. */
export interface PolicyIssue {
  readonly file: string
  readonly line: number
  readonly column: number
  /** id of the policy, or '' when the issue belongs to no policy */
  readonly policy: string
  readonly message: string
}

export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly code: PolicyErrorCode
  readonly issues: readonly PolicyIssue[]

  constructor(code: PolicyErrorCode, issues: readonly PolicyIssue[], options?: ErrorOptions) {
    super(issues.map(describeIssue).join('\n'), options)
    this.code = code
    this.issues = issues
  }
}

/** `models.cedar:12:5: policy no-gpu-at-night: attribute 'hour' not found` */
export function describeIssue(issue: PolicyIssue): string {
  const place = issue.line > 0 ? `${issue.file}:${issue.line}:${issue.column}` : issue.file
  return [place, issue.policy && `policy ${issue.policy}`, issue.message].filter((part) => part !== '').join(': ')
}

/** A PolicyError with one issue that has no place in a file. */
export function plainError(code: PolicyErrorCode, file: string, message: string): PolicyError {
  return new PolicyError(code, [{ file, line: 0, column: 0, policy: '', message }])
}

/**
 * Thrown by a compiled policy that cannot be evaluated (overflow, wrong type, missing attribute); `decide` reports it
 * and skips the policy, as Cedar does. Not an Error, because collecting a stack would cost more than the decision.
 */
export class EvaluationFailure {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}
