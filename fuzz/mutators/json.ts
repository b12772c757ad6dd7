// Damage to JSON that mostly stays JSON: other values, other spellings, keys twice, members and items taken and given.
// It works on tokens, so that it works on damaged JSON too, and on JSON inside of something else.
import type { Random } from '../engine/random.ts'
import { canary } from '../oracles/canary.ts'
import { type Mutator, put } from './bytes.ts'

interface Token {
  readonly at: number
  readonly text: string
}

const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/gs

function tokensOf(text: string): Token[] {
  return Array.from(text.matchAll(tokens), (match) => ({ at: match.index, text: match[0] }))
}

const isString = ({ text }: Token) => text.startsWith('"')
const isValue = ({ text }: Token) => !/^[{}[\],:]$/.test(text)

/** Values that readers disagree about, or are seldom tried with. */
const values = [
  ...['null', 'true', 'false', '0', '-0', '1e0', '1.0', '0.5', '-1', '1e999', '12345678901234567890', '2147483648'],
  ...['""', '" "', '"0"', '"1"', '"true"', '"null"', '[]', '{}', '[[]]', '[{}]', '{"":""}', '[null]', '[""]'],
  ...['"\\ud83d"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\u2028"', '"\xc3\xa9"', '"\xf0\x9f\x98\x80"', 'NaN', '01'],
]

export const jsonMutators: readonly Mutator[] = [
  // Another value.
  (text, random) => replaceToken(text, random, isValue, () => random.pick(values)),
  (text, random) => replaceToken(text, random, isValue, () => `"${canary(random)}"`),
  (text, random) => replaceToken(text, random, isString, (old) => `${old.slice(0, -1)}${canary(random)}"`),
  (text, random) => replaceToken(text, random, isValue, (old) => random.pick([`[${old}]`, `{"a":${old}}`, `"${old}"`])),
  (text, random, donor) => replaceToken(text, random, isValue, (old) => pickToken(donor, random, isValue)?.text ?? old),
  // The same value, spelled otherwise.
  (text, random) => replaceToken(text, random, isString, (old) => escapeOne(old, random)),
  (text, random) => replaceToken(text, random, isString, (old) => swapCase(old, random)),
  (text, random) => {
    const token = pickToken(text, random, () => true)
    return token ? put(text, token.at, 0, random.pick([' ', '\n', '\r\n', '\t', '  '])) : text
  },
  // Members and items.
  (text, random) => {
    const member = randomMember(text, random)
    return member ? put(text, member.at, 0, `${member.text},`) : text
  },
  (text, random) => {
    const member = randomMember(text, random)
    const key = random.pick(['zz', canary(random), 'Model', 'url', '__proto__', 'index', 'type', 'id', ''])
    const value = random.chance(0.5) ? `"${canary(random)}"` : random.pick(values)
    return member ? put(text, member.at, 0, `"${key}":${value},`) : text
  },
  (text, random, donor) => {
    const member = randomMember(text, random)
    const given = randomMember(donor, random)
    return member && given ? put(text, member.at, random.chance(0.5) ? member.text.length : 0, given.text) : text
  },
  (text, random, donor) => {
    const target = randomValue(text, random)
    const given = randomValue(donor, random)
    return target && given ? put(text, target.at, target.text.length, given.text) : text
  },
  (text, random) => {
    const value = randomValue(text, random)
    return value ? put(text, value.at, 0, `${value.text},`) : text
  },
  (text, random) => {
    const member = randomMember(text, random)
    return member ? put(text, member.at, member.text.length + (random.chance(0.8) ? 1 : 0), '') : text
  },
  // Deep, long, and marked.
  (text, random) => {
    const depth = random.pick([10, 40, 63, 64, 65, 200, 5000])
    const [open, close] = random.pick([['[', ']'] as const, ['{"a":', '}'] as const])
    return replaceToken(text, random, isValue, (old) => open.repeat(depth) + old + close.repeat(depth))
  },
  (text, random) =>
    random.chance(0.05)
      ? replaceToken(text, random, isString, (old) => `"${old.slice(0, 100).repeat(2000).replaceAll('"', '')}"`)
      : text,
  (text, random) => random.pick(['\xef\xbb\xbf', ' ', '\n', '\0']) + text,
  (text, random) =>
    replaceToken(text, random, isString, (old) => put(old, 1, 0, random.pick(['\xff', '\xc2', '\n', '\\']))),
]

function pickToken(text: string, random: Random, isWanted: (token: Token) => boolean): Token | undefined {
  const found = tokensOf(text).filter(isWanted)
  return found[random.below(found.length)]
}

function replaceToken(
  text: string,
  random: Random,
  isWanted: (token: Token) => boolean,
  replacement: (old: string) => string,
): string {
  const token = pickToken(text, random, isWanted)
  return token ? put(text, token.at, token.text.length, replacement(token.text)) : text
}

/** A key with its value. */
function randomMember(text: string, random: Random): Token | undefined {
  const all = tokensOf(text)
  const keys = all.flatMap((token, i) => (isString(token) && all[i + 1]?.text === ':' ? [i] : []))
  const index = keys[random.below(keys.length)]
  const key = index === undefined ? undefined : all[index]
  if (index === undefined || key === undefined) return undefined
  return { at: key.at, text: text.slice(key.at, endOfValue(all, index + 2)) }
}

/** A value of any size. */
function randomValue(text: string, random: Random): Token | undefined {
  const all = tokensOf(text)
  const starts = all.flatMap((token, i) => (/^[}\],:]$/.test(token.text) || all[i + 1]?.text === ':' ? [] : [i]))
  const index = starts[random.below(starts.length)]
  const first = index === undefined ? undefined : all[index]
  if (index === undefined || first === undefined) return undefined
  return { at: first.at, text: text.slice(first.at, endOfValue(all, index)) }
}

/** Where the value that begins with the token of that index ends; in damaged JSON, somewhere behind it. */
function endOfValue(all: readonly Token[], index: number): number {
  let depth = 0
  for (let at = index; at < all.length; at++) {
    const { at: start, text } = all[at] ?? { at: 0, text: '' }
    if (text === '{' || text === '[') depth++
    else if (text === '}' || text === ']') depth--
    if (depth <= 0) return start + text.length
  }
  const last = all.at(-1)
  return last ? last.at + last.text.length : 0
}

function escapeOne(string: string, random: Random): string {
  const at = 1 + random.below(string.length - 2)
  const code = string.charCodeAt(at)
  if (code < 0x20 || code > 0x7e || code === 0x5c || string[at - 1] === '\\') return string
  const hex = code.toString(16).padStart(4, '0')
  return put(string, at, 1, `\\u${random.chance(0.5) ? hex : hex.toUpperCase()}`)
}

function swapCase(string: string, random: Random): string {
  const at = 1 + random.below(string.length - 2)
  const char = string.charAt(at)
  return put(string, at, 1, char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase())
}
