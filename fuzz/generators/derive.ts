// New bodies from complete ones: every field that a format has is in the examples, so a random part of them, with other
// texts, is a body of that format.
import type { Random } from '../engine/random.ts'
import { canary } from '../oracles/canary.ts'

export interface Derivation {
  /** Members that stay, whatever happens to the others. */
  readonly kept: ReadonlySet<string>
  /** How often a text is exchanged: [0, 1]. */
  readonly texts: number
}

/** A random variation of `example`. */
export function derive(example: unknown, random: Random, { kept, texts }: Derivation): unknown {
  const keep = 0.3 + random.below(8) / 10
  const vary = (value: unknown): unknown => {
    if (typeof value === 'string') return random.chance(texts) ? text(random) : value
    if (typeof value === 'number') return random.chance(0.1) ? random.pick([0, 1, 2, 7, 1.5, -1, 1e21]) : value
    if (Array.isArray(value)) return items(value)
    if (typeof value !== 'object' || value === null) return value
    const members = Object.entries(value).filter(([name]) => kept.has(name) || random.chance(keep))
    return Object.fromEntries(
      members.map(([name, member]) => [name, kept.has(name) && typeof member !== 'object' ? member : vary(member)]),
    )
  }
  const items = (list: readonly unknown[]) =>
    list.length === 0
      ? []
      : Array.from({ length: 1 + random.small(Math.min(list.length, 4)) }, () => vary(random.pick(list)))
  return vary(example)
}

/** A text with a canary in it, more often than not. */
export function text(random: Random): string {
  const plain = random.pick([
    '',
    'Hi',
    'so it is',
    'Grüße 🔑',
    'a "b" \\ c',
    'line\nline',
    'Q',
    'QZ',
    '[',
    'x'.repeat(70),
  ])
  return random.chance(0.7)
    ? random.pick([canary(random), `${plain}${canary(random)}`, `${canary(random)} ${plain}`])
    : plain
}

/** A text in pieces, cut anywhere. */
export function pieces(whole: string, random: Random): string[] {
  const cut: string[] = []
  for (let at = 0; at < whole.length; ) {
    const end = at + 1 + random.small(12)
    cut.push(
      whole.slice(at, end).toWellFormed() === whole.slice(at, end) ? whole.slice(at, end) : whole.slice(at, end + 1),
    )
    at += cut.at(-1)?.length ?? 1
  }
  return cut
}

/** JSON as somebody wrote it: with spaces or without. */
export function written(value: unknown, random: Random): string {
  return JSON.stringify(value, null, random.chance(0.15) ? 1 : undefined)
}
