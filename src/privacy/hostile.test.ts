// Text that is made to be slow. What stands on the traffic path takes time in proportion to its input, whatever that is.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pseudonymise } from './pseudonyms.ts'
import { createRestorer } from './restorer.ts'
import { createSinkCheck } from './sinks.ts'

const values = new Map(
  Array.from('abcdefghijklmnopqrst', (letter, index) => [`[EMAIL_k3f2x2a${letter}]`, `person${index}@example.com`]),
)
const [placeholder = ''] = values.keys()

const floods = [
  ...[
    'a',
    '[',
    ']',
    '](',
    '![',
    '<',
    '<a ',
    '<a b="',
    '<!--',
    '<script>',
    ']: ',
    '```\n',
    '~~~',
    ' ',
    '\n',
    '="',
    '(',
    '\\',
  ],
  ...[
    'https://evil.example/',
    'http',
    '//',
    '&#',
    '&colon;',
    'a.',
    'www.',
    '%41',
    'evil.example/',
    '"',
    '\\u005b',
    '\\u',
  ],
  ...[
    '[EMAIL_',
    '[EMAIL_k3f2x2a',
    placeholder,
    `${placeholder} `,
    'person1@example.com',
    'person1@example.com.',
    'é',
    '😀',
  ],
]

const lanes: Record<string, () => { push(text: string): { text: string }; end(): { text: string } }> = {}
for (const contentType of ['text', 'json'] as const) {
  const options = { values, contentType, allowedHosts: ['app.example.com'], outward: contentType === 'json' }
  lanes[`restoring ${contentType}`] = () => createRestorer(options)
  lanes[`checking ${contentType}`] = () => createSinkCheck(options)
}

/** CPU milliseconds, which other programs on the machine disturb less than time on the wall. */
function costOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

for (const [name, createLane] of Object.entries(lanes)) {
  describe(`${name} takes time in proportion to the text`, () => {
    for (const flood of floods) {
      test(JSON.stringify(flood), () => {
        const cost = (size: number) => {
          const text = (name.endsWith('json') ? '"' : '') + flood.repeat(Math.ceil(size / flood.length))
          return costOf(() => {
            const lane = createLane()
            for (let at = 0; at < text.length; at += 16) lane.push(text.slice(at, at + 16))
            lane.end()
          })
        }
        const large = Math.min(...[1, 2].map(() => cost(80_000)))
        // Four times the text in sixteen times the time would be quadratic. What is fast enough is not compared.
        if (large > 100) assert.ok(large < 10 * cost(20_000), `${large} ms`)
      })
    }
  })
}

test('a megabyte without a delimiter goes through, in one piece and in many', () => {
  const text = 'a'.repeat(1 << 20)
  for (const createLane of Object.values(lanes)) {
    for (const size of [text.length, 1_000]) {
      const lane = createLane()
      let length = 0
      for (let at = 0; at < text.length; at += size) length += lane.push(text.slice(at, at + size)).text.length
      assert.equal(length + lane.end().text.length, text.length)
    }
  }
})

test('a text that is all forged placeholders is masked in proportion to its size', () => {
  const known = new Map<string, string>()
  const session = {
    mask: (type: string, value: string) => {
      const made = `[${type}_aaaaaaaa]`
      known.set(made, value)
      return made
    },
    lookup: (text: string) => known.get(text),
  }
  for (const text of ['[EMAIL_bbbbbbbb]'.repeat(50_000), '['.repeat(1 << 20), '[EMAIL_'.repeat(100_000)]) {
    const spans = Array.from({ length: 10_000 }, (_, index) => ({
      start: index,
      end: text.length - index,
      type: 'NAME',
    }))
    pseudonymise(text, [], session, { recognise: true })
    assert.equal(pseudonymise(text, spans, session, { recognise: true }).text, '[NAME_aaaaaaaa]')
  }
})
