import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { derivePlaceholder, findPlaceholders, replacePlaceholders } from './placeholders.ts'
import { type ProtectedSpan, pseudonymise } from './pseudonyms.ts'

/** A session in memory. */
function createSession() {
  const key = new Uint8Array(32).fill(3)
  const values = new Map<string, string>()
  return {
    values,
    mask(type: string, value: string) {
      const placeholder = derivePlaceholder(key, type, value)
      values.set(placeholder, value)
      return placeholder
    },
    lookup: (placeholder: string) => values.get(placeholder),
  }
}

function spanOf(text: string, part: string, type: string): ProtectedSpan {
  const start = text.indexOf(part)
  return { start, end: start + part.length, type }
}

test('each span becomes a placeholder of its type, and the rest stays', () => {
  const session = createSession()
  const text = 'Anna <anna@example.com> pays with 4111111111111111.'
  const result = pseudonymise(
    text,
    [spanOf(text, '4111111111111111', 'CARD'), spanOf(text, 'anna@example.com', 'EMAIL')],
    session,
    { recognise: false },
  )
  assert.match(result.text, /^Anna <\[EMAIL_[a-z2-7]{8}\]> pays with \[CARD_[a-z2-7]{8}\]\.$/)
  assert.deepEqual([...result.placeholders.values()], ['anna@example.com', '4111111111111111'])
})

test('text with nothing to protect comes back as the same string', () => {
  const text = 'a [b] c'
  assert.equal(pseudonymise(text, [], createSession(), { recognise: false }).text, text)
})

test('spans that overlap are masked together, as the type of the longest; spans that touch stay apart', () => {
  const session = createSession()
  const masked = (spans: ProtectedSpan[]) =>
    pseudonymise('0123456789', spans, session, { recognise: false }).text.replace(/_[a-z2-7]{8}/g, '')
  assert.equal(
    masked([
      { start: 2, end: 5, type: 'AA' },
      { start: 4, end: 9, type: 'BB' },
    ]),
    '01[BB]9',
  )
  assert.equal(
    masked([
      { start: 2, end: 9, type: 'AA' },
      { start: 4, end: 5, type: 'BB' },
    ]),
    '01[AA]9',
  )
  assert.equal(
    masked([
      { start: 2, end: 5, type: 'AA' },
      { start: 5, end: 9, type: 'BB' },
    ]),
    '01[AA][BB]9',
  )
  assert.equal(
    masked([
      { start: 2, end: 4, type: 'AA' },
      { start: 2, end: 4, type: 'BB' },
    ]),
    '01[AA]456789',
  )
  assert.equal(masked([{ start: 3, end: 3, type: 'AA' }]), '0123456789')
})

test('a span that is not in the text is refused: a detector that counts wrongly must not go unnoticed', () => {
  for (const [start, end] of [
    [-1, 2],
    [2, 1],
    [0, 4],
    [0.5, 2],
    [0, Number.NaN],
    [5, 6],
  ] as const) {
    assert.throws(() => pseudonymise('abc', [{ start, end, type: 'AA' }], createSession(), { recognise: false }), {
      name: 'PrivacyError',
      code: 'invalid_span',
    })
  }
})

test('a span that would cut a character in two takes all of it', () => {
  const session = createSession()
  const result = pseudonymise('a😀b😀c', [{ start: 2, end: 5, type: 'NAME' }], session, { recognise: false })
  assert.deepEqual([...result.placeholders.values()], ['😀b😀'])
  assert.ok(result.text.isWellFormed())
})

test('a forged placeholder does not reach the upstream, and comes back as it was written', () => {
  const session = createSession()
  const result = pseudonymise('Who is [EMAIL_aaaaaaaa]?', [], session, { recognise: true })
  assert.match(result.text, /^Who is \[LITERAL_[a-z2-7]{8}\]\?$/)
  assert.equal(replacePlaceholders(result.text, result.placeholders), 'Who is [EMAIL_aaaaaaaa]?')
})

test('a forged LITERAL is forged like any other', () => {
  const session = createSession()
  const result = pseudonymise('[LITERAL_aaaaaaaa]', [], session, { recognise: true })
  assert.notEqual(result.text, '[LITERAL_aaaaaaaa]')
  assert.equal(replacePlaceholders(result.text, result.placeholders), '[LITERAL_aaaaaaaa]')
})

test('where recognising is asked for, a placeholder of this session stays, so that an answer may hold its value', () => {
  const session = createSession()
  const email = session.mask('EMAIL', 'anna@example.com')
  const text = `Who is ${email}?`
  const result = pseudonymise(text, [spanOf(text, email.slice(7, 15), 'SECRET')], session, { recognise: true })
  assert.equal(result.text, `Who is ${email}?`)
  assert.deepEqual([...result.placeholders], [[email, 'anna@example.com']])
})

test('where it is not, a placeholder of this session is text like any other, and its value is nowhere', () => {
  const session = createSession()
  const email = session.mask('EMAIL', 'anna@example.com')
  const result = pseudonymise(`Who is ${email}?`, [], session, { recognise: false })
  assert.match(result.text, /^Who is \[LITERAL_[a-z2-7]{8}\]\?$/)
  assert.deepEqual([...result.placeholders.values()], [email])
})

test('a span that reaches into a placeholder masks both', () => {
  const session = createSession()
  const email = session.mask('EMAIL', 'anna@example.com')
  const text = `key=abc${email}def`
  const result = pseudonymise(text, [{ start: 4, end: 12, type: 'SECRET' }], session, { recognise: true })
  assert.match(result.text, /^key=\[SECRET_[a-z2-7]{8}\]def$/)
  assert.equal(replacePlaceholders(result.text, result.placeholders), text)
})

test('look-alikes are ordinary text: nothing would resolve them later', () => {
  for (const text of ['\uff3bEMAIL_aaaaaaaa\uff3d', '[EMAIL_aaaa\u200baaaa]', '[email_aaaaaaaa]', '[EMAIL_aaaaaaa1]']) {
    assert.equal(pseudonymise(text, [], createSession(), { recognise: false }).text, text)
  }
})

const pieces = fc.constantFrom(
  ...[
    '[EMAIL_aaaaaaaa]',
    '[LITERAL_bbbbbbbb]',
    '[EMAIL_',
    'aaaaaaaa]',
    '[',
    ']',
    '_',
    'EMAIL',
    'x',
    '😀',
    '\ud83d',
    '\n',
  ],
)
const texts = fc.oneof(
  fc.array(pieces, { maxLength: 20 }).map((list) => list.join('')),
  fc.string({ unit: 'binary' }),
)
const spans = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom('AA', 'EMAIL', 'LITERAL')), { maxLength: 6 })

test('what was taken out comes back, for all texts and spans; and no protected text is left behind', () => {
  fc.assert(
    fc.property(texts, spans, (text, list) => {
      const chosen = list.map(([one, two, type]) => {
        const ends = [one % (text.length + 1), two % (text.length + 1)]
        return { start: Math.min(...ends), end: Math.max(...ends), type }
      })
      const session = createSession()
      const result = pseudonymise(text, chosen, session, { recognise: true })
      assert.equal(replacePlaceholders(result.text, result.placeholders), text)
      for (const { placeholder } of findPlaceholders(result.text)) assert.ok(session.values.has(placeholder))
      // The next turn sends the same text again.
      assert.deepEqual(pseudonymise(text, chosen, createSession(), { recognise: true }), result)
    }),
    { numRuns: 2_000 },
  )
})
