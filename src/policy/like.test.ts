import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileLike } from './like.ts'

test('a wildcard stands for any characters, none included, and everything else for itself', () => {
  const cases: [string[], string, boolean][] = [
    [['gpt-4o'], 'gpt-4o', true],
    [['gpt-4o'], 'gpt-4', false],
    [['gpt-', ''], 'gpt-', true],
    [['gpt-', ''], 'gpt-4o', true],
    [['', '-mini'], 'gpt-4o-mini', true],
    [['', ''], '', true],
    [['a', 'a'], 'a', false],
    [['a', 'a'], 'aa', true],
    [['a', 'b', 'c'], 'abc', true],
    [['a', 'b', 'c'], 'acb', false],
    [['', 'aab', ''], 'aaab', true],
    [['*'], '*', true],
    [['*'], 'x', false],
    [['.', ''], 'x', false],
    [['a', 'b'], 'a\nb', true],
    [['', '😀', ''], 'x😀y', true],
  ]
  for (const [pieces, text, matches] of cases) assert.equal(compileLike(pieces)(text), matches, `${pieces} ${text}`)
})

test('a pattern matches what the regular expression of the same meaning matches', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 })
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 5 }),
      fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 16 }),
      (pieces, text) => {
        assert.equal(compileLike(pieces)(text), new RegExp(`^${pieces.join('.*')}$`, 's').test(text))
      },
    ),
    { numRuns: 2_000 },
  )
})

test('a pattern made to be slow takes time linear in the text', () => {
  // Tried at each position, this would be 10^12 comparisons; with backtracking over the wildcards, without end.
  const text = 'a'.repeat(1_000_000)
  const slow = `${'a'.repeat(1_000)}b`
  assert.equal(compileLike(['', slow, slow, slow, ''])(text), false)
  assert.equal(compileLike(['', ...Array<string>(10_000).fill('a'), 'b', ''])(text), false)
  assert.equal(compileLike(['', ...Array<string>(10_000).fill('a'), ''])(text), true)
})
