/**
 * What the recognisers share: the collector of findings.
 *
 * Recognisers are hand-written scanners rather than regular expressions for one reason besides speed: a scanner knows
 * when it has looked at the end of the text. `hold(start)` is called exactly then, which makes the held tail of a stream
 * the shortest one, and makes a stream's findings independent of where it was cut.
 */
import type { Findings, Match, Window } from './detector.ts'

/** Collects the matches of one scan, and where the open tail begins. */
export interface Collector extends Findings {
  readonly matches: Match[]
  pending: number
}

export function collector(window: Window): Collector {
  return { matches: [], pending: window.text.length }
}

export function report(found: Collector, kind: string, start: number, end: number, score: number): void {
  found.matches.push({ kind, start, end, score })
}

/** Says that text from `start` on may still become a match. */
export function hold(found: Collector, start: number): void {
  if (start < found.pending) found.pending = start
}
