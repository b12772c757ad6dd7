import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LogError } from '../error.ts'
import { decodeBundle, decodeTile, encodeBundle, encodeTile, partialWidth, tilePath } from './tiles.ts'

test('tiles have the names of C2SP tlog-tiles', () => {
  equal(tilePath(0, 1_234_067), 'tile/0/x001/x234/067')
  equal(tilePath('entries', 0), 'tile/entries/000')
  equal(tilePath(1, 999, 17), 'tile/1/999.p/17')
  equal(tilePath(2, 1000, 1), 'tile/2/x001/000.p/1')
})

test('a tree of 70,000 entries has the partial tiles of the example in tlog-tiles', () => {
  deepEqual(
    [0, 1, 2].map((level) => partialWidth(70_000, level)),
    [112, 17, 1],
  )
  deepEqual([partialWidth(256, 0), partialWidth(256, 1)], [0, 1])
})

test('bundles and tiles survive being written and read', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 }), (entries) => {
      deepEqual(decodeBundle(encodeBundle(entries)).map(hex), entries.map(hex))
    }),
  )
  const hashes = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  deepEqual(decodeTile(encodeTile(hashes)).map(hex), hashes.map(hex))
  deepEqual(decodeTile(encodeTile(hashes).subarray(0, 63)).map(hex), hashes.slice(0, 1).map(hex))
})

test('any bytes are either a bundle or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      try {
        deepEqual(hex(encodeBundle(decodeBundle(bytes))), hex(bytes))
      } catch (error) {
        equal(error instanceof LogError && error.code, 'damaged')
      }
    }),
  )
  throws(() => decodeBundle(Buffer.of(0)), LogError)
  throws(() => decodeBundle(Buffer.of(0, 5, 1)), LogError)
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
