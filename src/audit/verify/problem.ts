// What can be wrong with a log.

/**
 * `changed`, `deleted`, `inserted`, `reordered`  entries that are not those that were signed, or not in their place
 * `truncated`  the log once had more entries
 * `signature`  a checkpoint is not signed by the keys
 * `tile`       hashes are not those of the entries, and the entries are right
 * `history`    the list of checkpoints was changed
 */
export type ProblemKind =
  | 'changed'
  | 'deleted'
  | 'inserted'
  | 'reordered'
  | 'truncated'
  | 'signature'
  | 'tile'
  | 'history'

export interface LogProblem {
  readonly kind: ProblemKind
  /** The entry, or the first of several. */
  readonly index?: number
  /** One after the last entry; undefined for a single one. */
  readonly end?: number
  readonly message: string
}

/** `entry 7`, `entries 7 to 9`. */
export function entriesText(from: number, end: number): string {
  return end - from === 1 ? `entry ${from}` : `entries ${from} to ${end - 1}`
}

/**
 * Leaves out what only says less precisely what another problem says: a changed entry also spoils the tile over it
 * and every later root. In the order of the entries.
 */
export function mostPrecise(problems: readonly LogProblem[]): LogProblem[] {
  const width = (problem: LogProblem) => (problem.end ?? (problem.index ?? 0) + 1) - (problem.index ?? 0)
  const kept: LogProblem[] = []
  for (const problem of problems.toSorted((a, b) => width(a) - width(b))) {
    if (
      problem.index === undefined ||
      !kept.some((other) => width(other) < width(problem) && overlap(other, problem))
    ) {
      kept.push(problem)
    }
  }
  return kept.sort((a, b) => (a.index ?? -1) - (b.index ?? -1))
}

function overlap(a: LogProblem, b: LogProblem): boolean {
  if (a.index === undefined || b.index === undefined) return false
  return a.index < (b.end ?? b.index + 1) && b.index < (a.end ?? a.index + 1)
}
