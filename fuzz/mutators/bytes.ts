// Damage that knows nothing of any format. Texts here are bytes, one character each (Latin-1).
import type { Random } from '../engine/random.ts'

/** One to a few changes in a row. */
export function mutateWith(
  mutators: readonly Mutator[],
  input: Uint8Array,
  random: Random,
  other: Uint8Array,
): Uint8Array {
  let text = Buffer.from(input).toString('latin1')
  const donor = Buffer.from(other).toString('latin1')
  for (let changes = 1 + random.small(4); changes > 0; changes--) text = random.pick(mutators)(text, random, donor)
  return Buffer.from(text, 'latin1')
}

/** @param donor  another input, to take from */
export type Mutator = (text: string, random: Random, donor: string) => string

/** Characters that formats give a meaning to, and bytes that are no UTF-8. */
const telling = [
  ...'"\\{}[]:,.-+0eEu/ \t\n\r\0\x7f',
  '\xff',
  '\xc0\x80',
  '\xed\xa0\x80',
  '\xef\xbb\xbf',
  '\xe2\x80\xa8',
  '\xf0\x9f',
  '\xc2\x85',
]

export const byteMutators: readonly Mutator[] = [
  (text, random) => put(text, random.below(text.length + 1), 0, String.fromCharCode(random.below(256))),
  (text, random) => put(text, random.below(text.length + 1), 0, random.pick(telling)),
  (text, random) => put(text, random.below(text.length), 1, random.pick(telling)),
  (text, random) => put(text, random.below(text.length), 1 + random.small(32), ''),
  (text, random) => {
    const at = random.below(text.length)
    const flipped = (text.charCodeAt(at) || 0) ^ (1 << random.below(8))
    return put(text, at, 1, String.fromCharCode(flipped))
  },
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => {
    const at = random.below(text.length)
    const stretch = text.slice(at, at + 1 + random.small(64))
    return put(text, random.below(text.length + 1), 0, stretch)
  },
  (text, random, donor) => {
    const at = random.below(donor.length)
    const stretch = donor.slice(at, at + 1 + random.small(256))
    return put(text, random.below(text.length + 1), random.small(16), stretch)
  },
  (text, random, donor) => text.slice(0, random.below(text.length + 1)) + donor.slice(random.below(donor.length)),
]

/** `count` characters of `text` from `at` replaced. */
export function put(text: string, at: number, count: number, replacement: string): string {
  return text.slice(0, at) + replacement + text.slice(at + count)
}
