import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { modelMatcher } from './name-patterns.ts'

test('a star stands for any text, everything else for itself', () => {
  const cases: [string, string, boolean][] = [
    ['gpt-5', 'gpt-5', true],
    ['gpt-5', 'gpt-5-mini', false],
    ['gpt-*', 'gpt-5', true],
    ['gpt-*', 'gpt-', true],
    ['gpt-*', 'xgpt-5', false],
    ['*', '', true],
    ['*-mini', 'gpt-5-mini', true],
    ['*-mini', 'gpt-5-mini-2', false],
    ['a*b*c', 'a--b--c', true],
    ['a*b*c', 'a--c--b', false],
    ['ab*ba', 'aba', false],
    ['org/model.v1', 'org/modelxv1', false],
    ['**', 'anything', true],
  ]
  for (const [pattern, model, expected] of cases)
    assert.equal(modelMatcher([pattern])(model), expected, `${pattern} ${model}`)
})

test('a name is served when any pattern fits', () => {
  const serves = modelMatcher(['gpt-*', 'o3'])
  assert.ok(serves('o3') && serves('gpt-5') && !serves('claude'))
})

test('patterns mean the same as the regular expression they stand for', () => {
  const text = (letters: string) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 8 })
  fc.assert(
    fc.property(text('ab*'), text('ab'), (pattern, model) => {
      const same = new RegExp(`^${pattern.replaceAll('*', '.*')}$`)
      assert.equal(modelMatcher([pattern])(model), same.test(model))
    }),
  )
})
