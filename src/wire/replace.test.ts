import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseChatRequest } from './openai/chat-request.ts'
import { replaceParts, splice } from './replace.ts'

const words = fc.string({ unit: 'binary', minLength: 1 })
const bodies = fc.array(words, { minLength: 1, maxLength: 8 }).map((texts) => ({
  model: 'gpt-4o',
  messages: texts.map((content) => ({ role: 'user', content })),
}))

test('without edits the very same object comes back', () => {
  const body = Buffer.from('{"model":"m","messages":[]}')
  assert.equal(replaceParts(body, []), body)
})

test('edited parts have exactly their new text, and everything else is untouched', () => {
  const cases = fc.tuple(bodies, fc.constantFrom(undefined, 1, '\t'), fc.array(fc.option(words), { maxLength: 8 }))
  fc.assert(
    fc.property(cases, ([value, indent, texts]) => {
      const body = Buffer.from(JSON.stringify(value, null, indent))
      const { parts } = parseChatRequest(body)
      const edits = parts.flatMap((part, i) => (typeof texts[i] === 'string' ? [{ part, text: texts[i] }] : []))
      const expected = structuredClone(value)
      for (const { part, text } of edits)
        Object.assign(expected.messages[messageIndex(part.path)] ?? {}, { content: text })
      const result = Buffer.from(replaceParts(body, edits.toReversed()))
      assert.deepEqual(JSON.parse(result.toString()), expected)
      assert.equal(result.toString(), JSON.stringify(expected, null, indent))
    }),
  )
})

function messageIndex(path: string): number {
  return Number(path.split('/')[2])
}

test('bytes that were not edited stay as they were written: spacing, escapes and long numbers', () => {
  const body = Buffer.from(
    '{ "model":"m", "seed":12345678901234567890,\r\n"messages":[{"role":"user","content":"\\u0041"},{"role":"user","content":"b"}] }',
  )
  const part = parseChatRequest(body).parts[1]
  assert.ok(part)
  const expected = body.toString().replace('"b"', '"c\\n"')
  assert.equal(Buffer.from(replaceParts(body, [{ part, text: 'c\n' }])).toString(), expected)
})

test('a lone surrogate in new text is written as the replacement character', () => {
  const body = Buffer.from('"x"')
  const result = replaceParts(body, [{ part: { start: 0, end: 3 }, text: 'a\ud800' }])
  assert.equal(Buffer.from(result).toString(), '"a\ufffd"')
})

test('edits that overlap or lie outside the body are refused', () => {
  const body = Buffer.from('"abc"')
  const bytes = Buffer.from('1')
  for (const spans of [
    [
      [0, 3],
      [2, 5],
    ],
    [[0, 6]],
    [[3, 2]],
    [[-1, 2]],
    [
      [1, 2],
      [1, 2],
    ],
  ] as const) {
    const splices = spans.map(([start, end]) => ({ start, end, bytes }))
    assert.throws(() => splice(body, splices), { code: 'misplaced_edit', status: 500 })
  }
})
