import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRotation } from './rotation.ts'

const everyone = () => true

test('turns are spread, not bunched', () => {
  const rotate = createRotation([5, 1, 1])
  const turns = Array.from({ length: 7 }, () => 'abc'[rotate(everyone)[0] ?? -1]).join('')
  assert.equal(turns, 'aabacaa')
})

test('over a whole round, everyone has as many turns as its weight says', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 3 }), (given, rounds) => {
      const rotate = createRotation(given)
      const sum = given.reduce((a, b) => a + b, 0)
      const turns = given.map(() => 0)
      for (let n = 0; n < sum * rounds; n++) {
        const order = rotate(everyone)
        assert.deepEqual([...order].sort(), [...given.keys()].sort(), 'everyone is in the order, once')
        const first = order[0] ?? 0
        turns[first] = (turns[first] ?? 0) + 1
      }
      assert.deepEqual(
        turns,
        given.map((weight) => weight * rounds),
      )
    }),
  )
})

test('who is not eligible gets no turn, and the others share by weight', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.boolean()), { minLength: 2, maxLength: 6 }),
      fc.array(fc.boolean(), { maxLength: 40 }),
      (members, earlier) => {
        const weights = members.map(([weight]) => weight)
        const rotate = createRotation(weights)
        // Whatever came before.
        for (const [n, all] of earlier.entries()) rotate((place) => all || place === n % weights.length)
        const isEligible = (place: number) => members[place]?.[1] === true
        const sum = weights.filter((_, place) => isEligible(place)).reduce((a, b) => a + b, 0)
        const turns = weights.map(() => 0)
        const rounds = 5
        for (let n = 0; n < sum * rounds; n++) {
          const [first] = rotate(isEligible)
          if (first !== undefined) turns[first] = (turns[first] ?? 0) + 1
        }
        const slack = weights.reduce((a, b) => a + b, 0)
        for (const [place, weight] of weights.entries()) {
          if (!isEligible(place)) assert.equal(turns[place], 0)
          else assert.ok(Math.abs((turns[place] ?? 0) - weight * rounds) <= slack, `${turns}`)
        }
      },
    ),
  )
})
