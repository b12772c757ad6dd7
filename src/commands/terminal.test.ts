import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { printable, printableText } from './terminal.ts'

test('escapes, control and direction characters lose their power', () => {
  for (const clean of [printable, printableText])
    equal(clean('a\u001b]0;title\u0007b\u009b2J\u202ec\r'), 'a\ufffd]0;title\ufffdb\ufffd2J\ufffdc\ufffd')
})

test('text keeps its newlines, its tabs and its emoji; a line does not', () => {
  const text = 'a\n\tb 👩\u200d💻'
  equal(printableText(text), text)
  equal(printable(text), 'a\ufffd\ufffdb 👩\ufffd💻')
})
