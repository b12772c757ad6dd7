/**
 * What a rule of the injection detector is. Weights add up over a window; rules of one group are evidence of the same
 * thing, so that only the heaviest counts. They were set by hand, for generality rather than for any data set.
 */
import type { Concept } from './lexicon.ts'

export type AttackKind =
  | 'instruction_override'
  | 'prompt_extraction'
  | 'jailbreak'
  | 'fake_role'
  | 'exfiltration'
  | 'tool_hijack'

export interface ConceptRule {
  readonly kind: AttackKind
  /** Rules of one group are evidence of the same thing: only the heaviest counts. */
  readonly group: string
  readonly weight: number
  /** Each must be mentioned by a word of its own; alternatives in an inner list. */
  readonly concepts: readonly (Concept | readonly Concept[])[]
  /** How far each of the others may stand from the first, in characters; the last number holds for the rest. */
  readonly within: readonly number[]
  /** Counts only where data is expected: documents, tool results, tool definitions. */
  readonly isForData?: boolean
}

export interface MarkRule {
  readonly kind: AttackKind
  readonly group: string
  readonly weight: number
  /** Words or, with a mark first, strings, one of which stands in the text whenever the pattern matches; cheap to look for. */
  readonly signs: readonly string[]
  readonly pattern: RegExp
  /** What the matched text must contain besides. */
  readonly accept?: RegExp
  readonly isForData?: boolean
}
