/**
 * The first injection detector: weighted rules over concepts and marks, in windows of the text and of what it says when
 * decoded. It stands in for a trained model behind the same interface, and prefers missing an attack to disturbing work.
 */
import type { Detector, Match, Source } from './detector.ts'
import { findEvidence, type Hit } from './injection/evidence.ts'
import type { Mention } from './injection/mentions.ts'
import type { AttackKind } from './injection/rule.ts'
import type { Normalised } from './normalise.ts'

/** Weight at which a text counts as an attack: score 0.5. Some rules count for documents and tools only. */
const THRESHOLD = 4
/** Evidence counts together within so many characters. */
const WINDOW = 1200
/** Longer texts are looked at up to here; the rest is passed in further slices. */
const SLICE = 16_384

/** Channels that carry data rather than somebody's wishes. The operator's own system prompt is not looked at. */
const DATA_CHANNELS = new Set(['tool_result', 'tool_definition', 'document'])

/** Kinds: 'instruction_override', 'prompt_extraction', 'jailbreak', 'fake_role', 'exfiltration', 'tool_hijack'. At most one match a text. */
export function injection(): Detector {
  return { id: 'injection', version: '1', category: 'injection', detect }
}

function detect(text: Normalised, source: Source): readonly Match[] {
  if (source.channel === 'system') return []
  const isData = DATA_CHANNELS.has(source.channel)
  let best = judge(text.text, isData)
  let match: Match | undefined =
    best === undefined ? undefined : { kind: best.kind, start: best.start, end: best.end, score: best.score }
  for (const view of text.views()) {
    const found = judge(view.text, isData)
    if (found === undefined || found.score <= (best?.score ?? 0)) continue
    best = found
    match = { kind: found.kind, ...view.original(found.start, found.end), score: found.score, view: view.name }
  }
  return match === undefined || match.score < 0.5 ? [] : [match]
}

interface Judgement extends Mention {
  readonly kind: AttackKind
  readonly score: number
}

/** The heaviest window of the text. */
function judge(text: string, isData: boolean): Judgement | undefined {
  let best: Judgement | undefined
  for (let offset = 0; offset < text.length; offset += SLICE - WINDOW) {
    const found = heaviest(findEvidence(text.slice(offset, offset + SLICE).toLowerCase(), isData))
    if (found !== undefined && found.score > (best?.score ?? 0))
      best = { ...found, start: found.start + offset, end: found.end + offset }
    if (offset + SLICE >= text.length) break
  }
  return best
}

/** The window with the most weight, each group counted once, as a judgement. Windows begin at multiples of a quarter. */
function heaviest(hits: readonly Hit[]): Judgement | undefined {
  const cells = new Map<number, Map<string, Hit>>()
  for (const hit of hits) keepHeavier(cells, Math.floor((hit.start * 4) / WINDOW), hit)
  let best: Hit[] = []
  let bestWeight = 0
  for (const cell of cells.keys()) {
    const groups = new Map<string, Hit>()
    for (let index = cell; index < cell + 4; index++) {
      for (const hit of cells.get(index)?.values() ?? []) {
        if (hit.weight > (groups.get(hit.group)?.weight ?? 0)) groups.set(hit.group, hit)
      }
    }
    const chosen = [...groups.values()]
    const weight = chosen.reduce((sum, hit) => sum + hit.weight, 0)
    if (weight > bestWeight) [best, bestWeight] = [chosen, weight]
  }
  const [first, ...others] = best
  if (first === undefined) return undefined
  return {
    kind: others.reduce((lead, hit) => (hit.weight > lead.weight ? hit : lead), first).kind,
    start: Math.min(...best.map((hit) => hit.start)),
    end: Math.max(...best.map((hit) => hit.end)),
    score: 1 / (1 + Math.exp(-1.2 * (bestWeight - THRESHOLD))),
  }
}

function keepHeavier(cells: Map<number, Map<string, Hit>>, cell: number, hit: Hit): void {
  const groups = cells.get(cell) ?? new Map<string, Hit>()
  if (hit.weight > (groups.get(hit.group)?.weight ?? 0)) groups.set(hit.group, hit)
  cells.set(cell, groups)
}
