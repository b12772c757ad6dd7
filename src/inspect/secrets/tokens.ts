/** Finds the tokens of token-formats.ts. */

import { ALNUM, DOT, isIn, runEnd, startsWord } from '../characters.ts'
import type { Window } from '../detector.ts'
import { type Collector, hold, report } from '../scan.ts'
import { isToken, TOKEN_FORMATS, type TokenFormat } from './token-formats.ts'

export function findTokens(window: Window, found: Collector): void {
  const { text, from, final } = window
  const runs: Runs = new Map()
  PREFIX.lastIndex = from
  for (let match = PREFIX.exec(text); match !== null; match = PREFIX.exec(text)) {
    const format = FORMAT_OF.get(match[0])
    if (format !== undefined) PREFIX.lastIndex = tokenAt(window, match.index, PREFIX.lastIndex, format, runs, found)
  }
  if (!final) hold(found, openPrefix(text, from))
}

/** Looks at one candidate; returns where to search on, which is past the token when it is one. */
function tokenAt(
  window: Window,
  start: number,
  bodyStart: number,
  format: TokenFormat,
  runs: Runs,
  found: Collector,
): number {
  const { text, final } = window
  if (format.isDistinctive !== true && !startsWord(text, start)) return start + 1
  const stop =
    format.max === undefined
      ? longRunEnd(text, bodyStart, format.body, runs)
      : runEnd(text, bodyStart, format.body, bodyStart + format.max + 1)
  if (stop === text.length && !final) {
    hold(found, start)
    return text.length
  }
  let end = stop
  while (end > bodyStart && isIn(text.charCodeAt(end - 1), DOT)) end--
  if (format.isDistinctive !== true && isIn(text.charCodeAt(end), ALNUM)) return start + 1
  if (!isToken(format, text, bodyStart, end)) return start + 1
  report(found, format.kind, start, end, 0.98)
  return end
}

/** Where the last run of each alphabet ends: a run full of prefixes is walked once. */
type Runs = Map<number, number>

function longRunEnd(text: string, start: number, classes: number, runs: Runs): number {
  const known = runs.get(classes) ?? 0
  if (start < known) return known
  const end = runEnd(text, start, classes)
  runs.set(classes, end)
  return end
}

/** Start of the longest unfinished prefix at the end of the text; the text's length when there is none. */
function openPrefix(text: string, from: number): number {
  for (let start = Math.max(from, text.length - LONGEST_PREFIX + 1); start < text.length; start++) {
    if (PROPER_PREFIXES.has(text.slice(start))) return start
  }
  return text.length
}

const ALL_PREFIXES = TOKEN_FORMATS.flatMap((format) => format.prefixes)
const LONGEST_PREFIX = Math.max(...ALL_PREFIXES.map((prefix) => prefix.length))
const PROPER_PREFIXES = new Set(
  ALL_PREFIXES.flatMap((prefix) => Array.from({ length: prefix.length - 1 }, (_, index) => prefix.slice(0, index + 1))),
)
const FORMAT_OF = new Map(TOKEN_FORMATS.flatMap((format) => format.prefixes.map((prefix) => [prefix, format] as const)))
/** Longest first, so that 'sk-ant-' is not taken for 'sk-'. */
const PREFIX = new RegExp(
  [...ALL_PREFIXES]
    .sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
    .map(escaped)
    .join('|'),
  'g',
)

function escaped(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
