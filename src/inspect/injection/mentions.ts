/** Finds where a text mentions a concept of the lexicon. */

import { ALNUM, isIn } from '../characters.ts'
import { fold } from '../fold.ts'
import { CONCEPTS, type Concept, latinWords, otherWords } from './lexicon.ts'
import { MARK_RULES } from './mark-rules.ts'

export interface Mention {
  readonly start: number
  readonly end: number
}

export interface Mentions {
  /** For each concept that occurs, its mentions in order. */
  readonly of: ReadonlyMap<Concept, readonly Mention[]>
  /** Words of the text that are signs of a mark rule. */
  readonly signs: ReadonlySet<string>
}

/** @param text normalised, in lower case */
export function findMentions(text: string): Mentions {
  const mentions = new Map<Concept, Mention[]>()
  const signs = new Set<string>()
  for (let start = 0; start < text.length; start++) {
    if (!isWordPart(text.charCodeAt(start))) continue
    if (isElision(text, start)) start += 2
    const end = wordEnd(text, start)
    if (MAY_BE_KNOWN[prefixHash(text, start, end)] === 1) {
      const { concepts, phrases, sign } = lookUp(text.slice(start, end))
      for (const concept of concepts) add(mentions, concept, start, end)
      for (const phrase of phrases) {
        if (text.startsWith(phrase.text, start)) add(mentions, phrase.concept, start, start + phrase.text.length)
      }
      if (sign !== undefined) signs.add(sign)
    }
    start = end
  }
  if (OTHER_SCRIPT.test(text)) findOthers(text, mentions)
  return { of: mentions, signs }
}

function findOthers(text: string, mentions: Map<Concept, Mention[]>): void {
  for (const { 0: word, index } of text.matchAll(OTHER_WORDS)) {
    for (const concept of OTHERS.get(word) ?? []) add(mentions, concept, index, index + word.length)
  }
  for (const list of mentions.values()) list.sort((a, b) => a.start - b.start)
}

function add(mentions: Map<Concept, Mention[]>, concept: Concept, start: number, end: number): void {
  const list = mentions.get(concept)
  if (list === undefined) mentions.set(concept, [{ start, end }])
  else list.push({ start, end })
}

/** Letters and digits, and what stands inside words of the lexicon: apostrophe, hyphen, dot, underscore, bracket. */
function isWordPart(code: number): boolean {
  return isIn(code, ALNUM) || code === 0x2e || code === 0x5b || (code >= 0xc0 && code <= 0x24f)
}

/** The French and Italian l', d', n', … before a word. */
function isElision(text: string, start: number): boolean {
  return (
    text.charCodeAt(start + 1) === 0x27 &&
    'dlnjmtsc'.includes(text[start] ?? ' ') &&
    isIn(text.charCodeAt(start + 2), ALNUM)
  )
}

function wordEnd(text: string, start: number): number {
  let end = start + 1
  while (end < text.length) {
    const code = text.charCodeAt(end)
    const isInner = code === 0x27 || code === 0x2d || code === 0x5f || code === 0x5d
    if (!isInner && (code === 0x5b || !isWordPart(code))) break
    end++
  }
  return end
}

interface Entry {
  readonly concepts: readonly Concept[]
  /** Phrases that begin with the word. */
  readonly phrases: readonly { readonly text: string; readonly concept: Concept }[]
  readonly sign: string | undefined
}

const SIGNS = new Set(MARK_RULES.flatMap((rule) => rule.signs))
const EXACT = new Map<string, Concept[]>()
const STEMS = new Map<string, Concept[]>()
const PHRASES = new Map<string, { text: string; concept: Concept }[]>()
const OTHERS = new Map<string, Concept[]>()
const SHORTEST_STEM = 4
const LONGEST_STEM = 16

/** Most words of a text are ruled out by their first three letters, without making a string of them. */
const MAY_BE_KNOWN = new Uint8Array(1 << 15)

function prefixHash(text: string, start: number, end: number): number {
  let hash = 0
  for (let index = start; index < start + 3 && index < end; index++)
    hash = (hash << 5) ^ (hash >> 10) ^ (text.charCodeAt(index) & 0xff)
  return hash & 0x7fff
}

for (const concept of CONCEPTS) {
  for (const word of latinWords(concept)) addLatin(folded(word), concept)
  for (const word of otherWords(concept)) OTHERS.set(folded(word), [...(OTHERS.get(folded(word)) ?? []), concept])
}

const OTHER_SCRIPT = /[\u0370-\uffff]/
const OTHER_WORDS = new RegExp([...OTHERS.keys()].sort((a, b) => b.length - a.length).join('|'), 'g')

for (const word of SIGNS) MAY_BE_KNOWN[prefixHash(word, 0, word.length)] = 1

function addLatin(word: string, concept: Concept): void {
  MAY_BE_KNOWN[prefixHash(word, 0, word.replace(/ .*|\*$/, '').length)] = 1
  const space = word.indexOf(' ')
  if (space !== -1)
    PHRASES.set(word.slice(0, space), [...(PHRASES.get(word.slice(0, space)) ?? []), { text: word, concept }])
  else if (word.endsWith('*')) STEMS.set(word.slice(0, -1), [...(STEMS.get(word.slice(0, -1)) ?? []), concept])
  else EXACT.set(word, [...(EXACT.get(word) ?? []), concept])
}

/** As texts are when they come here. */
function folded(word: string): string {
  return fold(word, 'text').text.toLowerCase()
}

const NOTHING: Entry = { concepts: [], phrases: [], sign: undefined }
/** Words seen before; texts repeat themselves. Emptied when full, so that no text can make it grow. */
const REMEMBERED = new Map<string, Entry>()
const MAX_REMEMBERED = 10_000
const LONGEST_WORD = 48

function lookUp(word: string): Entry {
  const known = REMEMBERED.get(word)
  if (known !== undefined) return known
  if (word.length > LONGEST_WORD) return NOTHING
  const bare = withoutTrailingMarks(word)
  const concepts = new Set([...(EXACT.get(word) ?? []), ...(EXACT.get(bare) ?? [])])
  for (let length = Math.min(word.length, LONGEST_STEM); length >= SHORTEST_STEM; length--) {
    for (const concept of STEMS.get(word.slice(0, length)) ?? []) concepts.add(concept)
  }
  const entry = { concepts: [...concepts], phrases: PHRASES.get(word) ?? [], sign: SIGNS.has(bare) ? bare : undefined }
  if (REMEMBERED.size >= MAX_REMEMBERED) REMEMBERED.clear()
  REMEMBERED.set(word, entry)
  return entry
}

function withoutTrailingMarks(word: string): string {
  let end = word.length
  while (end > 0 && ".'-_]".includes(word[end - 1] ?? ' ')) end--
  return word.slice(0, end)
}
