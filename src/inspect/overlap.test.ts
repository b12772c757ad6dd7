import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Action, Category, Verdict } from './detector.ts'
import { resolveOverlaps } from './overlap.ts'

function verdict(start: number, end: number, action: Action, category: Category = 'personal', kind = 'x'): Verdict {
  return { kind, start, end, score: 1, detector: category, version: '1', category, action }
}

test('of overlapping masks one remains, of the higher category, over the span of all', () => {
  const resolved = resolveOverlaps([
    verdict(0, 10, 'mask', 'personal', 'email'),
    verdict(8, 14, 'mask', 'secret', 'token'),
    verdict(13, 20, 'mask'),
  ])
  assert.deepEqual(
    resolved.map(({ start, end, kind }) => ({ start, end, kind })),
    [{ start: 0, end: 20, kind: 'token' }],
  )
})

test('of the same category the longer match names the kind', () => {
  const [only] = resolveOverlaps([
    verdict(2, 6, 'mask', 'personal', 'phone'),
    verdict(0, 19, 'mask', 'personal', 'card'),
  ])
  assert.equal(only?.kind, 'card')
})

test('a weaker action gives way to a stronger one, and neighbours stay apart', () => {
  assert.deepEqual(
    resolveOverlaps([verdict(0, 10, 'flag'), verdict(5, 12, 'mask'), verdict(12, 14, 'flag')]).map(
      ({ start, action }) => [start, action],
    ),
    [
      [5, 'mask'],
      [12, 'flag'],
    ],
  )
})

test('a verdict on a whole passage stands beside those on its parts', () => {
  assert.equal(resolveOverlaps([verdict(0, 100, 'flag', 'injection'), verdict(10, 20, 'mask')]).length, 2)
})

test('for any verdicts: ordered, masks disjoint, every masked character stays masked, and the order of input does not matter', () => {
  const any = fc
    .tuple(
      fc.nat(40),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom<Action>('allow', 'flag', 'mask', 'block'),
      fc.constantFrom<Category>('personal', 'secret', 'canary', 'injection'),
      fc.constantFrom('a', 'b'),
    )
    .map(([start, length, action, category, kind]) => verdict(start, start + length, action, category, kind))
  const isStrong = ({ action, category }: Verdict) =>
    category !== 'injection' && (action === 'mask' || action === 'block')
  const covered = (verdicts: readonly Verdict[]) => {
    const characters = new Set<number>()
    for (const { start, end } of verdicts) for (let at = start; at < end; at++) characters.add(at)
    return [...characters].sort((a, b) => a - b)
  }
  fc.assert(
    fc.property(fc.array(any, { maxLength: 12 }), (verdicts) => {
      const resolved = resolveOverlaps(verdicts)
      assert.deepEqual(resolved, resolveOverlaps([...verdicts].reverse()))
      assert.deepEqual(covered(resolved.filter(isStrong)), covered(verdicts.filter(isStrong)))
      let end = 0
      for (const each of resolved.filter(({ category }) => category !== 'injection')) {
        assert.ok(each.start >= end)
        end = each.end
      }
    }),
  )
})
