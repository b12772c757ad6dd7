import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WireError, type WireErrorCode } from './errors.ts'
import { parseJson } from './json.ts'
import type { JsonDocument, JsonNode } from './json-tree.ts'

const limits = { maxDepth: 64, maxValues: 100_000 }

function read(text: string | Uint8Array): JsonDocument {
  return parseJson(typeof text === 'string' ? Buffer.from(text) : text, limits)
}

function refuses(text: string | Uint8Array, code: WireErrorCode, message = /./): void {
  assert.throws(
    () => read(text),
    (error) => error instanceof WireError && error.code === code && message.test(error.message),
    `${String(text).slice(0, 60)} should be refused as ${code}`,
  )
}

function plainValue(document: JsonDocument, node: JsonNode): unknown {
  if (node.kind === 'object') {
    return Object.fromEntries(node.members.map(({ name, value }) => [name, plainValue(document, value)]))
  }
  if (node.kind === 'array') return node.items.map((item) => plainValue(document, item))
  return node.kind === 'string' ? document.text(node) : JSON.parse(document.text(node))
}

const anyJson = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }).map((value) => ({ value }))
const spacing = fc.constantFrom(undefined, 1, '\t', ' \t ')

test('reads every JSON document as JSON.parse does', () => {
  fc.assert(
    fc.property(anyJson, spacing, ({ value }, indent) => {
      const text = JSON.stringify(value, null, indent)
      const document = read(text)
      assert.deepEqual(plainValue(document, document.root), JSON.parse(text))
    }),
  )
})

test('strings of any length, with escapes and control characters anywhere, are read as JSON.parse reads them', () => {
  const piece = fc.oneof(
    fc.nat(200).map((count) => 'x'.repeat(count)),
    fc.constantFrom('\\n', '\\"', '\\\\', '\\u00e9', '\\ud83d\\ude00', '\\x', '\n', '\u0001', 'é', '海'),
  )
  fc.assert(
    fc.property(fc.array(fc.array(piece, { maxLength: 12 }), { maxLength: 6 }), (strings) => {
      const text = `[${strings.map((pieces) => `"${pieces.join('')}"`).join(',')}]`
      let expected: unknown
      try {
        expected = JSON.parse(text)
      } catch {
        assert.throws(() => read(text), WireError)
        return
      }
      const document = read(text)
      assert.deepEqual(plainValue(document, document.root), expected)
    }),
  )
})

test('the span of every node is the token itself', () => {
  fc.assert(
    fc.property(anyJson, spacing, ({ value }, indent) => {
      const document = read(JSON.stringify(value, null, indent))
      const visit = (node: JsonNode): void => {
        const token = document.bytes.subarray(node.start, node.end).toString()
        assert.deepEqual(JSON.parse(token), plainValue(document, node))
        if (node.kind === 'array') node.items.forEach(visit)
        if (node.kind === 'object') for (const { value } of node.members) visit(value)
      }
      visit(document.root)
    }),
  )
})

test('accepts nothing that JSON.parse refuses, and refuses more only for a reason of its own', () => {
  const nearlyJson = fc
    .tuple(anyJson, fc.nat(), fc.constantFrom(...'{}[]",:\\u0d8e-+.1 \ttnf\u0000\u001f\u00e9'), fc.nat(3))
    .map(([{ value }, position, character, removed]) => {
      const text = JSON.stringify(value)
      const at = position % text.length
      return text.slice(0, at) + character + text.slice(at + removed)
    })
  fc.assert(
    fc.property(nearlyJson, (text) => {
      const oracle = attempt(() => JSON.parse(text.toWellFormed()))
      const ours = attempt(() => read(text))
      if (ours.ok) assert.ok(oracle.ok, `accepted ${text}`)
      else assert.ok(ours.error instanceof WireError, String(ours.error))
      if (oracle.ok && !ours.ok) assert.match(String(ours.error), /same key twice|surrogate/)
    }),
    { numRuns: 3000 },
  )
})

function attempt<T>(run: () => T): { ok: true; value: T } | { ok: false; error: unknown } {
  try {
    return { ok: true, value: run() }
  } catch (error) {
    return { ok: false, error }
  }
}

test('refuses a key given twice, however it is escaped and however many keys there are', () => {
  refuses('{"a":1,"a":2}', 'duplicate_key')
  refuses('{"a":1,"\\u0061":2}', 'duplicate_key')
  refuses('{"\u00e9":1,"\\u00e9":2}', 'duplicate_key')
  refuses('{"x":{"":1,"":2}}', 'duplicate_key')
  const many = Array.from({ length: 40 }, (_, i) => `"k${i}":0`)
  for (const repeated of [0, 7, 8, 9, 39]) refuses(`{${many.join()},"k${repeated}":1}`, 'duplicate_key')
  assert.equal(read(`[{"a":1},{"a":1}]`).root.kind, 'array')
})

test('keys with a meaning in JavaScript are keys like any other', () => {
  const { root } = read('{"__proto__":{"isAdmin":true},"constructor":1,"toString":2}')
  assert.deepEqual(root.kind === 'object' && root.members.map(({ name }) => name), [
    '__proto__',
    'constructor',
    'toString',
  ])
  assert.equal('isAdmin' in {}, false)
  refuses('{"__proto__":1,"__proto__":2}', 'duplicate_key')
})

test('refuses invalid UTF-8 at every position', () => {
  const body = Buffer.from('{"a":["\u00e9\u{1f600}x",1.5e3,true,null]}')
  for (const bad of [0x80, 0xc0, 0xfe, 0xff]) {
    for (let at = 0; at <= body.length; at++) {
      refuses(Buffer.concat([body.subarray(0, at), Buffer.from([bad]), body.subarray(at)]), 'invalid_json')
    }
  }
  for (const overlong of [
    [0xc0, 0xaf],
    [0xe0, 0x80, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
  ]) {
    refuses(Buffer.from([0x22, ...overlong, 0x22]), 'invalid_json')
  }
})

test('refuses every truncation of a document', () => {
  const body = Buffer.from('{"a":["\\u00e9\\ud83d\\ude00",-1.5e+3,true,false,null,{"b":""}]}')
  for (let length = 0; length < body.length; length++) refuses(body.subarray(0, length), 'invalid_json')
})

test('refuses a byte order mark, UTF-16 and NUL bytes', () => {
  refuses('\ufeff{}', 'invalid_json', /byte order mark/)
  refuses(Buffer.from('\ufeff{}', 'utf16le'), 'invalid_json')
  refuses(Buffer.from('{"a":1}', 'utf16le'), 'invalid_json')
  refuses('{"a":"x\u0000y"}', 'invalid_json', /control character/)
  refuses('{"a":1}\u0000', 'invalid_json', /follows/)
})

test('refuses an escaped surrogate without its other half, and takes whole pairs', () => {
  for (const half of [
    '\\ud800',
    '\\udfff',
    '\\ud83d\\ud83d',
    '\\ude00\\ud83d',
    '\\ud83dx',
    '\\ud83d\\n',
    '\\uD83D\\u0041',
  ]) {
    refuses(`"${half}"`, 'invalid_json', /surrogate/)
    refuses(`{"${half}":1}`, 'invalid_json', /surrogate/)
  }
  const { root, text } = read('"\\ud83d\\ude00\\uD83D\\uDE00"')
  assert.equal(text(root), '\u{1f600}\u{1f600}')
})

test('refuses what other parsers let pass', () => {
  const lax = [
    '',
    ' ',
    '{}x',
    '[1,]',
    '{"a":1,}',
    '[,1]',
    "{'a':1}",
    '{a:1}',
    '[1 2]',
    '{"a" 1}',
    '{"a":}',
    '01',
    '+1',
    '.5',
    '1.',
  ]
  const laxer = [
    '1e',
    '1e+',
    '-',
    '0x10',
    'NaN',
    'Infinity',
    'True',
    'nul',
    'nulll',
    '"\\x41"',
    '"\\u12g4"',
    '"\\',
    '"a\nb"',
  ]
  const laxest = ['/*c*/1', '1//c', '\u00a01', '\u20281', '[1]]', '}', '"a" "b"', '\v1', '\f1', '"\\U0041"']
  for (const text of [...lax, ...laxer, ...laxest]) refuses(text, 'invalid_json')
})

test('numbers of any length are checked and left as they are', () => {
  for (const number of ['12345678901234567890', '1e999', '-0', '-0.0e-0', `0.${'1'.repeat(5000)}`]) {
    const { root, text } = read(number)
    assert.equal(text(root), number)
  }
})

test('100 000 levels of nesting are refused without exhausting the stack', () => {
  refuses('['.repeat(100_000), 'json_too_complex')
  refuses('{"a":'.repeat(100_000), 'json_too_complex')
  refuses(`${'['.repeat(65)}${']'.repeat(65)}`, 'json_too_complex')
  assert.equal(read(`${'['.repeat(64)}${']'.repeat(64)}`).root.kind, 'array')
})

test('a body of too many values is refused, one of many keys or one huge string is not', () => {
  refuses(`[${'0,'.repeat(100_000)}0]`, 'json_too_complex')
  const keys = Array.from({ length: 49_000 }, (_, i) => `"key${i}":0`)
  assert.equal(read(`{${keys.join()}}`).root.kind, 'object')
  const { root, text } = read(`"${'x'.repeat(4 << 20)}"`)
  assert.equal(text(root).length, 4 << 20)
  assert.equal(read(`"${'\\n'.repeat(2 << 20)}"`).root.end, (4 << 20) + 2)
})

test('an error names the byte and never quotes the body', () => {
  refuses('{"secret-value":tru}', 'invalid_json', /^(?!.*secret).*byte 16/)
})

test('arrays of nothing but numbers may be skipped: the same is accepted, and nothing else is left out', () => {
  const skipping = { ...limits, skipNumbers: true }
  const skip = (body: Buffer) => parseJson(body, skipping)
  const withoutNumbers = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.every((item) => typeof item === 'number') ? [] : value.map(withoutNumbers)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNumbers(item)]))
  }
  fc.assert(
    fc.property(
      anyJson,
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
      spacing,
      ({ value }, numbers, indent) => {
        const text = JSON.stringify([value, numbers, [numbers], [...numbers, 'text']], null, indent)
        const document = skip(Buffer.from(text))
        assert.deepEqual(plainValue(document, document.root), withoutNumbers(JSON.parse(text)))
      },
    ),
  )
  for (const text of ['[1,]', '[1', '[1,2', '[-]', '[1.]', '[01]', '[1 2]', '[1,,2]', '[1}', '[1,"a]', '[.5]', '[+1]'])
    assert.throws(() => skip(Buffer.from(text)), { code: 'invalid_json' }, text)
  assert.equal(skip(Buffer.from(`[${'0,'.repeat(200_000)}0]`)).root.kind, 'array')
})
