import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createRestorer, type RestorerOptions } from './restorer.ts'

const EMAIL = '[EMAIL_k3f2x2ab]'
const CARD = '[CARD_abcdefgh]'
const LITERAL = '[LITERAL_aaaa2222]'
const values = new Map([
  [EMAIL, 'anna@example.com'],
  [CARD, '4111 1111 1111 1111'],
  [LITERAL, '[EMAIL_zzzzzzzz]'],
  ['[SECRET_qqqqqqqq]', 'a"b\\c\nd\u2028é😀'],
])
const options: RestorerOptions = { values, contentType: 'text', allowedHosts: ['app.example.com'], outward: false }

function restore(pieces: readonly string[], change: Partial<RestorerOptions> = {}): string {
  const restorer = createRestorer({ ...options, ...change })
  return pieces.map((piece) => restorer.push(piece).text).join('') + restorer.end().text
}

/** Cuts a text at the given positions. */
function cut(text: string, positions: readonly number[]): string[] {
  const ends = [...new Set(positions)].filter((at) => at > 0 && at < text.length).sort((a, b) => a - b)
  return [0, ...ends].map((start, index) => text.slice(start, ends[index] ?? text.length))
}

describe('text', () => {
  test('a placeholder of the exchange becomes its value', () => {
    assert.equal(
      restore([`Write to ${EMAIL}, pay with ${CARD}.`]),
      'Write to anna@example.com, pay with 4111 1111 1111 1111.',
    )
  })

  test('a placeholder that is not of the exchange stays', () => {
    assert.equal(restore(['Write to [EMAIL_bbbbbbbb].']), 'Write to [EMAIL_bbbbbbbb].')
  })

  test('a value that looks like a placeholder is not looked up again', () => {
    const chain = new Map([...values, ['[EMAIL_zzzzzzzz]', 'bert@example.com']])
    assert.equal(restore([`It says ${LITERAL}.`], { values: chain }), 'It says [EMAIL_zzzzzzzz].')
  })

  test('look-alikes in other scripts or with invisible characters stay: nothing is normalised before it is compared', () => {
    for (const text of [
      '\uff3bEMAIL_k3f2x2ab\uff3d',
      '[EMAIL_k3f2\u200bx2ab]',
      '\\[EMAIL\\_k3f2x2ab\\]',
      '[\u0395MAIL_k3f2x2ab]',
      '&#91;EMAIL_k3f2x2ab&#93;',
    ]) {
      assert.equal(restore([text]), text)
    }
  })

  test('the result says where each value stands in the text that came with it, and which placeholders stayed', () => {
    const restorer = createRestorer(options)
    assert.deepEqual(restorer.push(`to ${EMAIL} and https://evil.example/${CARD}`), {
      text: `to anna@example.com and https://evil.example/${CARD}`,
      restored: [{ placeholder: EMAIL, start: 3, end: 19 }],
      refused: [{ placeholder: CARD, reason: 'address' }],
    })
  })

  test('with no values, each delta comes back as the same string', () => {
    const restorer = createRestorer({ ...options, values: new Map() })
    assert.deepEqual(restorer.push(`[EMAIL_`), { text: '[EMAIL_', restored: [], refused: [] })
    assert.equal(restorer.end().text, '')
  })
})

describe('streams', () => {
  const stream = `Ann ${EMAIL} [x] ${CARD}${LITERAL} [EMAIL_ é😀 [[CARD_abcdefgh]`
  const whole = 'Ann anna@example.com [x] 4111 1111 1111 1111[EMAIL_zzzzzzzz] [EMAIL_ é😀 [4111 1111 1111 1111'
  const json = JSON.stringify({ to: `${EMAIL}`, '[SECRET_qqqqqqqq]': [`\\"${CARD}`, '\\u005b', 1, LITERAL] }).replace(
    '[EMAIL_k3',
    '\\u005bEM\\u0041IL\\u005F\\u006b3',
  )
  const wholeJson = JSON.stringify({
    to: 'anna@example.com',
    'a"b\\c\nd\u2028é😀': ['\\"4111 1111 1111 1111', '\\u005b', 1, '[EMAIL_zzzzzzzz]'],
  })

  test('the answer does not depend on where the stream is cut: every pair of positions', () => {
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        assert.equal(restore(cut(stream, [first, second])), whole)
      }
    }
  })

  test('nor in JSON, where a cut may be inside of an escape: every pair of positions', () => {
    for (let first = 0; first <= json.length; first++) {
      for (let second = first; second <= json.length; second++) {
        assert.equal(restore(cut(json, [first, second]), { contentType: 'json' }), wholeJson)
      }
    }
  })

  test('nor when every character comes alone', () => {
    assert.equal(restore(stream.split('')), whole)
    assert.equal(restore(json.split(''), { contentType: 'json' }), wholeJson)
  })

  test('nor where the bytes of a UTF-8 sequence are cut, as long as the decoder is a streaming one', () => {
    const bytes = new TextEncoder().encode(stream)
    for (let at = 0; at <= bytes.length; at++) {
      const decoder = new TextDecoder()
      const pieces = [decoder.decode(bytes.subarray(0, at), { stream: true }), decoder.decode(bytes.subarray(at))]
      assert.equal(restore(pieces), whole)
    }
  })

  test('lanes that take turns do not disturb each other', () => {
    for (let size = 1; size < 20; size++) {
      const lanes = [0, 1, 2].map(() => ({ restorer: createRestorer(options), text: '' }))
      for (let at = 0; at < stream.length; at += size) {
        for (const lane of lanes) lane.text += lane.restorer.push(stream.slice(at, at + size)).text
      }
      for (const lane of lanes) assert.equal(lane.text + lane.restorer.end().text, whole)
    }
  })

  test('what is held back is the beginning of a placeholder of this exchange, and nothing else', () => {
    const pieces = fc.array(fc.constantFrom(...tokens), { maxLength: 12 }).map((list) => list.join(''))
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(200)), (text, positions) => {
        const restorer = createRestorer(options)
        let taken = ''
        let given = ''
        for (const piece of cut(text, positions)) {
          taken += piece
          given += restorer.push(piece).text
          const held = taken.slice(taken.length - heldLength(taken))
          const complete = createRestorer(options)
          assert.equal(given, complete.push(taken.slice(0, taken.length - held.length)).text + complete.end().text)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('JSON holds an escape back only while it can still spell a placeholder', () => {
    const restorer = createRestorer({ ...options, contentType: 'json' })
    const steps = [
      ['"a\\', '"a'],
      ['n\\u', '\\n'],
      ['0', ''],
      ['0', ''],
      ['4', '\\u004'],
      ['1\\u005', '1'],
      ['b', ''],
      ['E\\u004', ''],
      ['d', ''],
      ['A', ''],
      ['x"', '\\u005bE\\u004dAx"'],
    ]
    for (const [piece = '', text] of steps) assert.equal(restorer.push(piece).text, text)
  })

  const tokens = [
    ...[
      EMAIL,
      CARD,
      LITERAL,
      '[EMAIL_',
      '[EMAIL_k3f',
      '[',
      ']',
      '(',
      ')',
      '!',
      '<a href="',
      '">',
      '<!--',
      '-->',
      '```',
    ],
    ...[
      '\n',
      '\n\n',
      ' ',
      'https://',
      'evil.example/',
      'app.example.com/',
      '//',
      '\\',
      '"',
      "'",
      '&#',
      'x',
      'é',
      '😀',
      ':',
    ],
    ...['<script>', '</script>', '`', 'www.', '?q=', '%2', '=', '~~~', '>', 'data:'],
  ]

  for (const contentType of ['text', 'json'] as const) {
    for (const outward of [false, true]) {
      test(`cut or whole, the result is the same: ${contentType}${outward ? ' for an outward tool' : ''}`, () => {
        fc.assert(
          fc.property(
            fc.array(fc.constantFrom(...tokens), { maxLength: 30 }),
            fc.array(fc.nat(300)),
            (list, positions) => {
              const text = list.join('')
              assert.equal(
                restore(cut(text, positions), { contentType, outward }),
                restore([text], { contentType, outward }),
              )
            },
          ),
          { numRuns: 2_000 },
        )
      })
    }
  }

  test('what is restored in JSON is still JSON, and says what the values say', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.string({ unit: 'binary' }),
        fc.array(fc.nat(300)),
        (document, value, positions) => {
          const holder = { document, text: `<< ${EMAIL} >>`, [EMAIL]: EMAIL }
          const restored = restore(cut(JSON.stringify(holder), positions), {
            contentType: 'json',
            values: new Map([[EMAIL, value]]),
          })
          const parsed: unknown = JSON.parse(restored)
          assert.deepEqual(parsed, {
            document: JSON.parse(JSON.stringify(document)),
            text: `<< ${value} >>`,
            [value]: value,
          })
        },
      ),
    )
  })

  function heldLength(text: string): number {
    for (let length = Math.min(text.length, 27); length > 0; length--) {
      const tail = text.slice(text.length - length)
      if ([...values.keys()].some((placeholder) => placeholder !== tail && placeholder.startsWith(tail))) return length
    }
    return 0
  }
})
