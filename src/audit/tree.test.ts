import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compactRange, leafHash } from './tlog/merkle.ts'
import { decodeBundle } from './tlog/tiles.ts'
import { type Edge, emptyEdge, grow, partialPaths, rootOf } from './tree.ts'

const someSteps = fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 8 })

test('however a tree is grown, its root is that of RFC 6962 and its files hold every entry', () => {
  fc.assert(
    fc.property(someSteps, (steps) => {
      const range = compactRange()
      const written = new Map<string, Uint8Array>()
      let edge: Edge = emptyEdge
      for (const step of steps) {
        const entries = Array.from({ length: step }, (_, at) => Buffer.from(`entry ${edge.size + at}`))
        for (const entry of entries) range.add(leafHash(entry))
        const growth = grow(edge, entries)
        edge = growth.edge
        for (const { path, data } of growth.files) written.set(path, data)
        equal(hex(rootOf(edge)), hex(range.root()))
        for (const path of partialPaths(edge.size)) equal(written.has(path), true, path)
      }
      const full = [...written.keys()].filter((path) => /^tile\/entries\/\d+$/.test(path)).sort()
      const last = partialPaths(edge.size).filter((path) => path.startsWith('tile/entries'))
      const stored = [...full, ...last].flatMap((path) => decodeBundle(written.get(path) ?? Buffer.of()))
      deepEqual(
        stored.map((entry) => Buffer.from(entry).toString()),
        Array.from({ length: edge.size }, (_, index) => `entry ${index}`),
      )
    }),
    { numRuns: 40 },
  )
})

test('growing leaves the edge that it began with as it was', () => {
  const { edge } = grow(emptyEdge, [Buffer.from('a'), Buffer.from('b')])
  const before = hex(rootOf(edge))
  grow(edge, [Buffer.from('c')])
  equal(hex(rootOf(edge)), before)
  equal(edge.bundle.length, 2)
})

test('full tiles are written once, with the name they keep', () => {
  const { edge, files } = grow(
    emptyEdge,
    Array.from({ length: 300 }, (_, index) => Buffer.from(`${index}`)),
  )
  deepEqual(files.map(({ path }) => path).sort(), [
    'tile/0/000',
    'tile/0/001.p/44',
    'tile/1/000.p/1',
    'tile/entries/000',
    'tile/entries/001.p/44',
  ])
  deepEqual(
    grow(edge, [Buffer.from('x')]).files.map(({ path }) => path),
    ['tile/entries/001.p/45', 'tile/0/001.p/45'],
  )
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
