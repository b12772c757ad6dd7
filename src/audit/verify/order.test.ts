import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OrderCheck } from './order.ts'
import { mostPrecise } from './problem.ts'

test('a sequence without gaps has no problems', () => {
  for (const size of [0, 1, 2, 1000]) deepEqual(problemsOf(numbers(size), size), [])
})

test('any single change is named exactly', () => {
  const place = fc.nat({ max: 99 })
  fc.assert(
    fc.property(place, (at) => {
      deepEqual(problemsOf(numbers(100).toSpliced(at, 1), 100), [`deleted ${at}`])
      deepEqual(problemsOf([...numbers(at), undefined, ...numbers(100).slice(at + 1)], 100), [`changed ${at}`])
      deepEqual(problemsOf(numbers(100).toSpliced(at, 0, 9999), 100), [`inserted ${at}`])
      deepEqual(problemsOf([...numbers(at), undefined, ...numbers(100).slice(at)], 100), [`inserted ${at}`])
    }),
  )
})

test('an entry that was moved further than its neighbour is named, wherever it went', () => {
  fc.assert(
    fc.property(fc.nat({ max: 99 }), fc.nat({ max: 99 }), (from, to) => {
      fc.pre(Math.abs(from - to) > 1)
      const moved = numbers(100).toSpliced(from, 1).toSpliced(to, 0, from)
      deepEqual(problemsOf(moved, 100), [`reordered ${from}`])
    }),
  )
})

test('an entry beyond the last one is named, although it claims the number that would come next', () => {
  deepEqual(problemsOf([0], 0), ['inserted 0'])
  deepEqual(problemsOf(numbers(102), 100), ['inserted 100', 'inserted 100'])
})

test('whatever was done, something is reported, and nothing when nothing was', () => {
  const somehow = fc.array(fc.option(fc.nat({ max: 30 }), { nil: undefined }), { maxLength: 40 })
  fc.assert(
    fc.property(somehow, fc.nat({ max: 40 }), (claims, size) => {
      const isSound = claims.length === size && claims.every((claim, at) => claim === at)
      equal(problemsOf(claims, size).length === 0, isSound)
    }),
    { numRuns: 5_000 },
  )
})

test('a log that is another one altogether is not described entry by entry', () => {
  ok(
    problemsOf(
      numbers(100_000).map((n) => n * 2),
      200_000,
    ).length <= 1000,
  )
})

test('of two problems that overlap, the more precise one is reported', () => {
  const range = { kind: 'tile', index: 0, end: 256, message: '' } as const
  const entry = { kind: 'changed', index: 17, message: '' } as const
  const elsewhere = { kind: 'changed', index: 300, message: '' } as const
  const general = { kind: 'signature', message: '' } as const
  deepEqual(mostPrecise([range, elsewhere, general, entry]), [general, entry, elsewhere])
})

function problemsOf(claims: readonly (number | undefined)[], size: number): string[] {
  const order = new OrderCheck()
  for (const claim of claims) order.add(claim)
  return order.finish(size).map(({ kind, index }) => `${kind} ${index}`)
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
