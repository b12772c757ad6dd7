// Placeholders on their way back: wherever the text is cut the result is the same, nothing but placeholders of the
// exchange changes, and JSON stays the same JSON.
import assert from 'node:assert/strict'
import { createRestorer, createSinkCheck } from '#privacy'
import type { Random } from '../engine/random.ts'
import { type Target, target } from '../engine/target.ts'
import { text } from '../generators/derive.ts'
import { byteMutators, type Mutator, mutateWith, put } from '../mutators/bytes.ts'
import { jsonMutators } from '../mutators/json.ts'
import { cutsOf } from '../oracles/cuts.ts'
import { readables } from '../oracles/readable.ts'

const values = new Map([
  ['[EMAIL_abcdefgh]', 'anna@example.com'],
  ['[CARD_aaaa2222]', '4111 1111 1111 1111'],
  ['[SECRET_qqqqqqqq]', 'a"b\\c\nd'],
])

interface Observed {
  /** The restored text, and what the sink check makes of it, by the ways of cutting. */
  readonly restored: readonly string[]
  readonly checked: readonly (string | undefined)[]
}

export const restorers: readonly Target[] = (['text', 'json'] as const).map((contentType) =>
  target<Observed>({
    name: `restored-${contentType}`,
    generate: (random) =>
      Buffer.from(contentType === 'json' ? JSON.stringify([written(random), { a: written(random) }]) : written(random)),
    mutate: (input, random, other) =>
      mutateWith(
        random.chance(0.5) ? placing : contentType === 'json' ? jsonMutators : byteMutators,
        input,
        random,
        other,
      ),
    run(input) {
      const ways = cutsOf(input).map((pieces) => decoded(pieces))
      const restored = ways.map((pieces) => {
        const restorer = createRestorer({ values, contentType, allowedHosts: ['app.example.com'], outward: false })
        return pieces.map((piece) => restorer.push(piece).text).join('') + restorer.end().text
      })
      const checked = ways.map((pieces) => throughSinks(pieces, contentType))
      return { restored, checked }
    },
    check(input, { restored, checked }) {
      for (const other of restored) assert.equal(other, restored[0], 'what is restored depends on the cuts')
      for (const other of checked) assert.equal(other, checked[0], 'what the second look says depends on the cuts')
      const before = Buffer.from(input).toString()
      const after = restored[0] ?? ''
      if (checked[0] !== undefined) assert.equal(checked[0], before, 'the second look changed a text')
      if (![...values.keys()].some((placeholder) => before.includes(placeholder) || before.includes('\\u')))
        assert.equal(after, before, 'a text without placeholders changed')
      if (contentType === 'json') assertSameJson(before, after)
    },
    features: ({ restored: [after = ''], checked: [second] }) => [
      `${[...values.values()].map((value) => after.includes(JSON.stringify(value).slice(1, -1)))} ${second === undefined}`,
    ],
  }),
)

/** A document stays one, with the same places. */
function assertSameJson(before: string, after: string): void {
  let value: unknown
  try {
    value = JSON.parse(before)
  } catch {
    return
  }
  const places = (of: unknown) => readables(of).filter(({ isKey }) => !isKey).length
  assert.equal(places(JSON.parse(after)), places(value), 'restoring changed the structure of a document')
}

/** Undefined when the answer must end. */
function throughSinks(pieces: readonly string[], contentType: 'text' | 'json'): string | undefined {
  const check = createSinkCheck({ values, contentType, allowedHosts: ['app.example.com'], outward: false })
  const results = [...pieces.map((piece) => check.push(piece)), check.end()]
  return results.some(({ verdict }) => verdict !== undefined)
    ? undefined
    : results.map(({ text: said }) => said).join('')
}

function decoded(pieces: readonly Uint8Array[]): string[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  return [...pieces.map((piece) => decoder.decode(piece, { stream: true })), decoder.decode()]
}

const around = [
  'https://evil.example/',
  'https://app.example.com/?q=',
  '[x](',
  '](',
  ')',
  '![',
  '<a href="',
  '<',
  '>',
  '`',
  '\n\n',
  '//',
  'www.',
  '&#104;',
  '\\u005b',
  '[EMAIL_',
  ' ',
]

const placing: readonly Mutator[] = [
  (input, random) => put(input, random.below(input.length + 1), 0, random.pick([...values.keys()])),
  (input, random) => put(input, random.below(input.length + 1), 0, random.pick(around)),
  (input, random) => put(input, random.below(input.length + 1), 0, random.pick([...values.values()])),
]

function written(random: Random): string {
  return Array.from({ length: 1 + random.small(5) }, () =>
    random.pick([text(random), random.pick(around), random.pick([...values.keys()])]),
  ).join('')
}
