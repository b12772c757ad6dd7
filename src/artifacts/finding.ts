// One thing found in one place of an artifact.
import type { Confidence, Rule, Severity } from './rule.ts'

/** Where in a file: its members from the outside in, then the place in the innermost one. */
export interface Location {
  /** `model.pt!/archive/data.pkl`: the file, and after each `!/` a member of what comes before. */
  readonly path: string
  /** Byte offset in the innermost member. */
  readonly offset?: number
  readonly length?: number
  /** The opcode, operator or node concerned: `REDUCE`, `ReadFile`. */
  readonly element?: string
  /** JSON Pointer (RFC 6901) or a path like it. */
  readonly pointer?: string
}

/** What a format reports; the examination adds where it is. */
export interface Report {
  readonly rule: Rule
  /** What was found, for a person: with the particulars, cleaned for terminals, at most a few hundred characters. */
  readonly message: string
  /** When it is not the rule's. Nothing that the artifact says of itself may lower it. */
  readonly severity?: Severity
  readonly confidence?: Confidence
  readonly at?: Omit<Location, 'path'>
  /** What would be done with what, from the outside in: `os.system('id')`. */
  readonly trace?: readonly string[]
  /** What tells this finding from others of the same rule and place, such as the name of an import. */
  readonly subject?: string
}

export interface ArtifactFinding {
  /** Stable for the same rule, content and place: for baselines and suppressions. */
  readonly id: string
  readonly rule: Rule
  readonly severity: Severity
  readonly confidence: Confidence
  readonly message: string
  readonly location: Location
  readonly trace: readonly string[]
  readonly subject: string | undefined
}

export type Verdict = 'clean' | 'findings' | 'inconclusive'
