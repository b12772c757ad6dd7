import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decimal } from './decimal.ts'
import { ip } from './ip.ts'
import { readValue } from './json.ts'
import { entityUid, equalValues, intersects, isSubset, makeSet, setHas, setSize, type Value } from './values.ts'

/** Small values of every kind, so that equal ones are frequent. */
const { value } = fc.letrec((tie: fc.LetrecTypedTie<{ value: Value }>) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom<Value>(true, false, 0, 1, 2n ** 60n, '', 'a', '1', 'true', '{', '=1'),
    fc.constantFrom<Value>(...['A', 'B'].flatMap((type) => entityUid(type, 'a') ?? []), decimal('1.0'), ip('::1')),
    fc.array(tie('value'), { maxLength: 3 }).map(makeSet),
    fc
      .dictionary(fc.constantFrom('a', 'b', 'a1'), tie('value'), { maxKeys: 3 })
      .map((fields): Value => ({ kind: 'record', fields: new Map(Object.entries(fields)) })),
  ),
}))

test('two values are equal exactly when a set holds them once', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      assert.equal(equalValues(a, b), setSize(makeSet([a, b])) === 1)
      assert.equal(equalValues(a, b), setHas(makeSet([a]), b))
      assert.ok(equalValues(a, a))
    }),
    { numRuns: 3_000 },
  )
})

test('order and repetition make no difference to a set, and order none to a record', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), (items) => {
      assert.ok(equalValues(makeSet(items), makeSet([...items.toReversed(), ...items])))
    }),
  )
  assert.ok(equalValues(readValue({ a: 1, b: [2] }, []), readValue({ b: [2, 2], a: 1 }, [])))
})

test('subset and overlap are what they are member by member', () => {
  const list = fc.array(value, { maxLength: 4 })
  fc.assert(
    fc.property(list, list, (a, b) => {
      const [left, right] = [makeSet(a), makeSet(b)]
      assert.equal(
        isSubset(left, right),
        a.every((item) => setHas(right, item)),
      )
      assert.equal(
        intersects(left, right),
        a.some((item) => setHas(right, item)),
      )
    }),
  )
})

test('values of different types are never equal, even when they look alike', () => {
  const alike: Value[] = [1, '1', true, 'true', makeSet([1]), makeSet(['1']), readValue({ '1': 1 }, [])]
  for (const [n, a] of alike.entries()) for (const [m, b] of alike.entries()) assert.equal(equalValues(a, b), n === m)
})

test('a question to a huge set takes one look-up', () => {
  const numbers = makeSet(Array.from({ length: 200_000 }, (_, n) => n))
  const users = makeSet(Array.from({ length: 200_000 }, (_, n) => entityUid('User', `u${n}`) ?? n))
  const last = entityUid('User', 'u199999')
  assert.ok(last !== undefined)
  for (let n = 0; n < 200_000; n++) {
    assert.equal(setHas(numbers, n), true)
    assert.equal(setHas(users, last), true)
    assert.equal(setHas(users, n), false)
  }
})
