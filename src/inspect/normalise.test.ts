import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fold } from './fold.ts'
import { normalise } from './normalise.ts'

test('plain ASCII is its own normal form', () => {
  const text = 'Hello, world!\n\tIt is 5 o\'clock & "fine".'
  const normalised = normalise(text)
  assert.equal(normalised.text, text)
  assert.deepEqual(normalised.original(7, 12), { start: 7, end: 12 })
})

test('what only hides words is taken away', () => {
  const forms: [string, string][] = [
    ['ｉｇｎｏｒｅ　ａｌｌ', 'ignore all'],
    ['𝐢𝐠𝐧𝐨𝐫𝐞 𝓪𝓵𝓵', 'ignore all'],
    ['ⓘⓖⓝⓞⓡⓔ 🅰🅻🅻 🇦🇱🇱', 'ignore ALL ALL'],
    ['ig\u200bno\u200dre\u2060 a\u00adll\ufeff', 'ignore all'],
    ['\u202eignore\u202c \u2066all\u2069', 'ignore all'],
    ['i\u0336g\u0336n\u0336o\u0336r\u0336e\u0336', 'ignore'],
    ['Z̷͎̈a̶͝l̵̛g̸̈́o', 'Zalgo'],
    ['ïgnôrę façade Łódź straße', 'ignore facade lodz strasse'],
    ['ignоrе аll', 'ignore all'],
    ['рassword ΙΝSTRUCTIONS', 'password INSTRUCTIONS'],
    ['ɪɢɴᴏʀᴇ', 'ignore'],
    ['a\u2028b\u2029c\u0085d\u00a0e\u3000f\vg', 'a\nb\nc\nd e f g'],
    ['1\u20112\u20133\u2212 \u201cq\u201d \u2019', '1-2-3- "q" \''],
    [[...'hidden'].map((char) => String.fromCodePoint(0xe0000 + char.charCodeAt(0))).join(''), 'hidden'],
    ['ig\0nore\u001b \ud800all', 'ignore all'],
  ]
  for (const [text, expected] of forms) assert.equal(normalise(text).text, expected)
})

test('other scripts keep their letters', () => {
  for (const text of [
    'привет мир',
    'γειά σου κόσμε'.normalize('NFC').replace(/[άό]/g, 'α'),
    '你好，世界'.replace('，', ','),
    'こんにちは',
    '안녕하세요',
    'नमस्ते',
    'สวัสดี',
  ]) {
    assert.equal(normalise(text).text, text)
  }
  assert.equal(normalise('сок').text, 'сок', 'a word wholly in Cyrillic stays, although each letter has a twin')
})

test('a span of the normal form leads to the span of the original that it came from', () => {
  const text = 'x \u202e4\u200b1１1\u0336 ﬁn 😀𝐚'
  const normalised = normalise(text)
  assert.equal(normalised.text, 'x 4111 fin 😀a')
  const span = (part: string) => {
    const start = normalised.text.indexOf(part)
    const original = normalised.original(start, start + part.length)
    return text.slice(original.start, original.end)
  }
  assert.equal(span('4111'), '4\u200b1１1')
  assert.equal(span('fi'), 'ﬁ')
  assert.equal(span('i'), 'ﬁ', 'part of a ligature is the ligature')
  assert.equal(span('😀'), '😀')
  assert.equal(span('a'), '𝐚')
})

test('JSON source is read with its escapes decoded', () => {
  const text = '{"k":"a\\n\\"b\\u0040\\ud83d\\ude00\\/\\\\n"}'
  const normalised = normalise(text, 'json')
  assert.equal(normalised.text, '{"k":"a\n"b@😀/\\n"}')
  const at = normalised.text.indexOf('@')
  assert.deepEqual(normalised.original(at, at + 1), {
    start: text.indexOf('\\u0040'),
    end: text.indexOf('\\u0040') + 6,
  })
  for (const broken of ['\\', '\\u', '\\u00', '\\u00zz', '\\x', '\\ud83d', '\\ud83d\\u0041', '\\ud83dx']) {
    assert.ok(normalise(broken, 'json').text.length >= 0)
  }
})

test('a piece whose end could still change is settled only before it', () => {
  assert.equal(fold('ab\\u00', 'json', '', false).settled, 2)
  assert.equal(fold('ab\ud83d', 'text', '', false).settled, 2)
  assert.equal(fold('сок', 'text', '', false).settled, 0, 'a Latin letter may follow')
  assert.equal(fold('ab', 'text', '', false).settled, 2)
})

test('for any text, every character of the normal form comes from a span, in order, and normalising is total', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })),
      fc.constantFrom('text', 'json'),
      (text, contentType) => {
        const normalised = normalise(text, contentType)
        let last = 0
        for (let index = 0; index < normalised.text.length; index++) {
          const { start, end } = normalised.original(index, index + 1)
          assert.ok(start >= last && end > start && end <= text.length)
          last = start
        }
        assert.doesNotMatch(normalised.text, /[\u200b-\u200f\u202a-\u202e\ufeff\u00ad]/)
      },
    ),
    { numRuns: 500 },
  )
})

test('normalising a normal form changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const { text: once } = normalise(text)
      assert.equal(normalise(once).text, once)
    }),
    { numRuns: 500 },
  )
})
