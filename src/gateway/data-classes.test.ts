import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isCleared } from './data-classes.ts'

const sent = (...data: string[]) => ({ data, masked: [] })

test('a clearance covers a category with all of its kinds, or one kind by its name', () => {
  const email = sent('personal', 'personal.email')
  assert.equal(isCleared(new Set(['personal']), email), true)
  assert.equal(isCleared(new Set(['personal.email']), email), true)
  assert.equal(isCleared(new Set(['personal.phone']), email), false)
  assert.equal(isCleared(new Set(['personal.email']), sent('personal', 'personal.email', 'personal.iban')), false)
  assert.equal(isCleared(new Set(['secret']), email), false)
  assert.equal(isCleared(new Set(), sent('uninspected')), false)
  assert.equal(isCleared(new Set(['uninspected']), sent('uninspected')), true)
})

test('without a clearance everything may go; with an empty one, only what is masked', () => {
  assert.equal(isCleared(undefined, sent('secret', 'secret.jwt')), true)
  assert.equal(isCleared(new Set(), { data: [], masked: ['secret', 'secret.jwt'] }), true)
})

test('to be cleared for more never closes a way that was open, and more data never opens one', () => {
  const kind = fc.constantFrom('personal.email', 'personal.phone', 'secret.jwt', 'canary.canary', 'uninspected')
  const kinds = fc.uniqueArray(kind)
  const classes = (names: readonly string[]) =>
    sent(...new Set(names.flatMap((name) => [name.split('.')[0] ?? '', name])))
  const clearance = fc.uniqueArray(fc.oneof(kind, fc.constantFrom('personal', 'secret', 'canary')))
  fc.assert(
    fc.property(kinds, kinds, clearance, clearance, (data, more, given, added) => {
      const before = isCleared(new Set(given), classes(data))
      if (before) assert.equal(isCleared(new Set([...given, ...added]), classes(data)), true)
      else assert.equal(isCleared(new Set(given), classes([...data, ...more])), false)
    }),
  )
})
