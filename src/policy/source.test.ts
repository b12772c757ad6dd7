import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { offsetOfByte, positionsIn, replaceLargeIntegers, splitStatements } from './source.ts'

test('a semicolon ends a policy, except in a string or a comment', () => {
  const text = '// a; b\npermit(x == "a\\";"); // c;\n  forbid; \n'
  assert.deepEqual(splitStatements(text), [
    { text: 'permit(x == "a\\";");', start: 8 },
    { text: 'forbid;', start: text.indexOf('forbid') },
  ])
})

test('what follows the last semicolon is a policy too, unless it is blank', () => {
  assert.deepEqual(
    splitStatements('permit; forbid').map(({ text }) => text),
    ['permit;', 'forbid'],
  )
  assert.deepEqual(splitStatements(' \n// nothing'), [])
  assert.deepEqual(splitStatements(''), [])
})

test('nothing is lost between the policies but blanks and comments, whatever the text', () => {
  const part = fc.constantFrom('a', ';', '"', '\\', '//', '\n', '\r', ' ', '1', '{', '\u2028', '😀', '\0')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const text = parts.join('')
      let end = 0
      for (const statement of splitStatements(text)) {
        assert.match(text.slice(end, statement.start), /^(?:\s|\/\/[^\n\r]*)*$/)
        assert.equal(text.slice(statement.start, statement.start + statement.text.length), statement.text)
        end = statement.start + statement.text.length
      }
      assert.match(text.slice(end), /^(?:\s|\/\/[^\n\r]*)*$/)
    }),
    { numRuns: 2_000 },
  )
})

test('an integer beyond 2^53 is replaced by one that does not occur, but not in a string, comment or name', () => {
  const text = 'a9007199254740993 "9007199254740993" 9007199254740991 -9007199254740993 // 9007199254740993'
  const replaced = replaceLargeIntegers(text)
  assert.equal(replaced.text, text.replace('-9007199254740993', '-9007199254740990'))
  assert.deepEqual([...replaced.exact], [[9007199254740990, 9007199254740993n]])
})

test('places are told in lines and columns from 1', () => {
  const at = positionsIn('ab\ncd\r\n\nx')
  assert.deepEqual(at(0), { line: 1, column: 1 })
  assert.deepEqual(at(2), { line: 1, column: 3 })
  assert.deepEqual(at(3), { line: 2, column: 1 })
  assert.deepEqual(at(7), { line: 3, column: 1 })
  assert.deepEqual(at(9), { line: 4, column: 2 })
})

test("Cedar's byte offsets are offsets of characters here", () => {
  assert.equal(offsetOfByte('é😀x', 6), 3)
  assert.equal(offsetOfByte('abc', 2), 2)
})

test('a text of many megabytes is cut without trouble', () => {
  assert.equal(splitStatements(`"${'a'.repeat(8_000_000)}"`).length, 1)
  assert.equal(splitStatements('"'.repeat(1_000_000)).length, 1)
  assert.equal(splitStatements('a;'.repeat(500_000)).length, 500_000)
})
