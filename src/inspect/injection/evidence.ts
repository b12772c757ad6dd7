/** Applies the rules: marks by their pattern, concepts around each mention of a rule's first. */

import { CONCEPT_RULES } from './concept-rules.ts'
import type { Concept } from './lexicon.ts'
import { MARK_RULES } from './mark-rules.ts'
import { findMentions, type Mention, type Mentions } from './mentions.ts'
import type { AttackKind, ConceptRule } from './rule.ts'

/** A piece of evidence: where it stands and how much it weighs. */
export interface Hit extends Mention {
  readonly kind: AttackKind
  readonly group: string
  readonly weight: number
}

/** @param text normalised, in lower case */
export function findEvidence(text: string, isData: boolean): Hit[] {
  const mentions = findMentions(text)
  const hits: Hit[] = []
  for (const rule of CONCEPT_RULES) {
    if ((rule.isForData === true && !isData) || !rule.concepts.every((each) => isMentioned(each, mentions))) continue
    const [anchors = [], ...others] = rule.concepts.map((each) => mentionsOf(each, mentions))
    for (const anchor of anchors) {
      const hit = hitAt(rule, anchor, others, mentions, text)
      if (hit !== undefined) hits.push(hit)
    }
  }
  for (const { rule, words, strings } of MARKS) {
    if (rule.isForData === true && !isData) continue
    if (!words.some((word) => mentions.signs.has(word)) && !strings.some((string) => text.includes(string))) continue
    const { kind, group, weight, pattern, accept } = rule
    for (const match of text.matchAll(pattern)) {
      if (accept?.test(match[0]) === false) continue
      hits.push({ kind, group, weight, start: match.index, end: match.index + match[0].length })
    }
  }
  return hits.map((hit) => (isQuotation(text, hit) ? { ...hit, weight: hit.weight / 2 } : hit))
}

/** Signs that are words were seen when the mentions were looked for; those that begin with a mark are looked for here. */
const MARKS = MARK_RULES.map((rule) => ({
  rule,
  words: rule.signs.filter((sign) => /^[a-z]/.test(sign)),
  strings: rule.signs.filter((sign) => !/^[a-z]/.test(sign)),
}))

/** Whether the hit is quoted where attacks are talked about: half as heavy, for quoting is also a way to say something. */
function isQuotation(text: string, { start, end }: Mention): boolean {
  if (!QUOTE.test(text.slice(Math.max(0, start - 2), start)) || !QUOTE.test(text.slice(end, end + 16))) return false
  return ABOUT_ATTACKS.test(text)
}

const QUOTE = /["'`]/
const ABOUT_ATTACKS =
  /\b(?:injections?|jailbreak(?:s|ing)|attack(?:s|er|ers)?|phrases? (?:such|like)|detect(?:s|ion|or|ors|ing)?|classif(?:y|ier|iers)|adversarial|red.?team(?:ing)?|owasp|guardrails)\b/

type Alternatives = Concept | readonly Concept[]

function isMentioned(concepts: Alternatives, mentions: Mentions): boolean {
  return typeof concepts === 'string' ? mentions.of.has(concepts) : concepts.some((concept) => mentions.of.has(concept))
}

function mentionsOf(concepts: Alternatives, mentions: Mentions): readonly Mention[] {
  if (typeof concepts === 'string') return mentions.of.get(concepts) ?? []
  return concepts.flatMap((concept) => mentions.of.get(concept) ?? []).sort((a, b) => a.start - b.start)
}

function hitAt(
  rule: ConceptRule,
  anchor: Mention,
  others: readonly (readonly Mention[])[],
  mentions: Mentions,
  text: string,
): Hit | undefined {
  const isOverride = rule.group === 'override'
  const [verb] = rule.concepts
  if ((verb === 'ignore' || verb === 'drop' || verb === 'reveal') && isNegated(anchor, mentions)) return undefined
  if (verb === 'obey' && isReminder(anchor, mentions)) return undefined
  const objectFollows = isOverride && VERB_BEFORE_OBJECT.test(text.slice(anchor.start, anchor.end))
  const taken = [anchor]
  for (const [index, list] of others.entries()) {
    const reach = rule.within[Math.min(index, rule.within.length - 1)] ?? 0
    const near = nearby(list, objectFollows ? anchor.start : anchor.start - reach, anchor.start + reach, taken)
    if (near === undefined) return undefined
    taken.push(near)
  }
  return {
    kind: rule.kind,
    group: rule.group,
    weight: isOverride ? rule.weight * orderStrength(text, anchor) : rule.weight,
    start: Math.min(...taken.map(({ start }) => start)),
    end: Math.max(...taken.map(({ end }) => end)),
  }
}

/** The first mention that begins in [from, to] and is not taken. The list is in order. */
function nearby(list: readonly Mention[], from: number, to: number, taken: readonly Mention[]): Mention | undefined {
  for (let index = lowerBound(list, from); index < list.length; index++) {
    const mention = list[index]
    if (mention === undefined || mention.start > to) return undefined
    if (!taken.some(({ start }) => start === mention.start)) return mention
  }
  return undefined
}

/** Index of the first mention that begins at or after `start`. */
function lowerBound(list: readonly Mention[], start: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle]?.start ?? 0) < start) low = middle + 1
    else high = middle
  }
  return low
}

/** Verbs of languages in which the object of an order follows the verb; German, Turkish, Hindi, … may have it before. */
const VERB_BEFORE_OBJECT =
  /^(?:ignor(?:e|ing|es)|disregard|forget|overrid|overrul|overwrit|bypass|circumvent|neglect|unlearn|dismiss|nullify|skip|drop|discard|delete|remove|clear|reset|cancel|void|stop|erase|set aside|pay no|do not|don't)/

/** Whether a "not" stands right before or after the verb: "vergiss nicht", "n'oubliez pas", "do not forget". */
function isNegated(verb: Mention, mentions: Mentions): boolean {
  const negations = mentions.of.get('negation') ?? []
  const before = lastBefore(negations, verb.start)
  return (
    (before !== undefined && verb.start - before.end <= 2) ||
    nearby(negations, verb.end, verb.end + 2, []) !== undefined
  )
}

/** The last mention that ends at or before `index`. */
function lastBefore(list: readonly Mention[], index: number): Mention | undefined {
  return list[lowerBound(list, index) - 1]
}

/** Whether "do not forget" stands before the verb. */
function isReminder(verb: Mention, mentions: Mentions): boolean {
  return nearby(mentions.of.get('ignore') ?? [], verb.start - 24, verb.start - 1, []) !== undefined
}

/** 1 for an order, less for a statement: "the new rules override the old instructions" tells nobody to do anything. */
function orderStrength(text: string, verb: Mention): number {
  const words = text.slice(Math.max(0, verb.start - 24), verb.start).split(' ')
  return words.at(-1) === '' && STATEMENT_BEFORE.test(words.at(-2) ?? '') ? 0.5 : 1
}

const STATEMENT_BEFORE =
  /^(?:not|don't|never|doesn't|didn't|i|we|they|it|he|she|who|which|that|rules?|users?|people|attackers?|models?|will|would|may|might|did|does|why|how|is|are|was|were|be|been|being|the|of|for|by|from|parser|compiler|systems?|tries|trying|attempts?)$/
