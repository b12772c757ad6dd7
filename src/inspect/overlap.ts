/** Overlapping findings become one, so that every character has one fate. */
import type { Action, Category, Verdict } from './detector.ts'

const SEVERITY: Record<Action, number> = { block: 3, mask: 2, flag: 1, allow: 0 }
const RANK: Record<Category, number> = { canary: 3, secret: 2, personal: 1, injection: 0 }

/**
 * Orders verdicts by their start and joins those that overlap: the stricter action wins, then the higher category
 * (canary, secret, personal), then the longer match. Among those to be masked or blocked the winner's span covers all of
 * them, so that no part of any is left over; a weaker verdict that overlaps with a stronger one is dropped. Injection
 * verdicts speak of a whole passage and stand beside the others.
 */
export function resolveOverlaps(verdicts: readonly Verdict[]): Verdict[] {
  if (verdicts.length < 2) return [...verdicts]
  const passages = verdicts.filter((verdict) => verdict.category === 'injection')
  const spans = verdicts.filter((verdict) => verdict.category !== 'injection')
  const strong = joined(spans.filter((verdict) => SEVERITY[verdict.action] >= SEVERITY.mask))
  const weak: Verdict[] = []
  for (const verdict of spans.filter((each) => SEVERITY[each.action] < SEVERITY.mask).sort(byPrecedence)) {
    if (!strong.some((other) => overlaps(other, verdict)) && !weak.some((other) => overlaps(other, verdict)))
      weak.push(verdict)
  }
  return [...passages, ...strong, ...weak].sort(byPosition)
}

/** One verdict for each group in which every span overlaps with another. */
function joined(verdicts: Verdict[]): Verdict[] {
  const groups: Verdict[] = []
  for (const verdict of verdicts.sort(byPosition)) {
    const last = groups.at(-1)
    if (last === undefined || verdict.start >= last.end) groups.push(verdict)
    else {
      const winner = byPrecedence(last, verdict) <= 0 ? last : verdict
      groups[groups.length - 1] = { ...winner, start: last.start, end: Math.max(last.end, verdict.end) }
    }
  }
  return groups
}

function overlaps(a: Verdict, b: Verdict): boolean {
  return a.start < b.end && b.start < a.end
}

function byPrecedence(a: Verdict, b: Verdict): number {
  return (
    SEVERITY[b.action] - SEVERITY[a.action] ||
    RANK[b.category] - RANK[a.category] ||
    b.end - b.start - (a.end - a.start) ||
    byPosition(a, b)
  )
}

function byPosition(a: Verdict, b: Verdict): number {
  return (
    a.start - b.start ||
    b.end - a.end ||
    (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0) ||
    (a.detector < b.detector ? -1 : 1)
  )
}
