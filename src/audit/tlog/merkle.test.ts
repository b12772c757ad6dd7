import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compactRange, emptyRoot, type Hash, joinPeaks, leafHash, nodeHash, peaksOf } from './merkle.ts'
import { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from './proofs.ts'

// The reference tree of RFC 6962 implementations (certificate-transparency, merkletree/merkle_tree_test).
const referenceLeaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((text) => Buffer.from(text, 'hex'))
const referenceRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

test('the roots of the RFC 6962 reference tree come out, for every size from 0 to 8', () => {
  const range = compactRange()
  const roots = [hex(range.root())]
  for (const leaf of referenceLeaves) {
    range.add(leafHash(leaf))
    roots.push(hex(range.root()))
  }
  deepEqual(roots, referenceRoots)
})

test('the inclusion and consistency proofs of the RFC 6962 reference tree come out', async () => {
  const subtree = subtreesOf(referenceLeaves.map(leafHash))
  deepEqual((await proveInclusion(5, 8, subtree)).map(hex), [
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ])
  deepEqual((await proveConsistency(6, 8, subtree)).map(hex), [
    '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ])
})

test('the compact range agrees with the recursive definition of RFC 6962 section 2.1', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 70 }), (entries) => {
      const leaves = entries.map(leafHash)
      const range = compactRange()
      for (const leaf of leaves) range.add(leaf)
      deepEqual(hex(range.root()), hex(treeHash(leaves)))
      deepEqual(hex(joinPeaks(peaksOf(leaves))), hex(treeHash(leaves)))
    }),
  )
})

test('every inclusion proof verifies, and no proof verifies for another leaf, index, size or root', async () => {
  const someTree = fc
    .integer({ min: 1, max: 300 })
    .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 }), fc.nat({ max: 400 })))
  await fc.assert(
    fc.asyncProperty(someTree, async ([size, index, other]) => {
      const leaves = numberedLeaves(size)
      const root = treeHash(leaves)
      const proof = await proveInclusion(index, size, subtreesOf(leaves))
      const leaf = leaves[index] ?? emptyRoot
      equal(verifyInclusion(index, size, leaf, proof, root), true)
      equal(verifyInclusion(index, size, leafHash(Buffer.from('x')), proof, root), false)
      equal(verifyInclusion(index, size, leaf, proof, emptyRoot), false)
      if (other !== index) equal(verifyInclusion(other, size, leaf, proof, root), false)
      equal(verifyInclusion(index, size, leaf, [...proof, root], root), false)
      if (proof.length > 0) equal(verifyInclusion(index, size, leaf, proof.slice(1), root), false)
    }),
  )
})

test('every consistency proof verifies, and none verifies for a tree whose past was changed', async () => {
  const twoSizes = fc
    .tuple(fc.nat({ max: 200 }), fc.nat({ max: 200 }))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)])
  await fc.assert(
    fc.asyncProperty(twoSizes, fc.nat(), async ([oldSize = 0, newSize = 0], pick) => {
      const leaves = numberedLeaves(newSize)
      const oldRoot = treeHash(leaves.slice(0, oldSize))
      const newRoot = treeHash(leaves)
      const proof = await proveConsistency(oldSize, newSize, subtreesOf(leaves))
      equal(verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof), true)
      if (oldSize > 0) {
        const forged = leaves.with(pick % oldSize, leafHash(Buffer.from('forged')))
        const forgedProof = await proveConsistency(oldSize, newSize, subtreesOf(forged))
        equal(verifyConsistency(oldSize, newSize, oldRoot, treeHash(forged), forgedProof), false)
        equal(verifyConsistency(oldSize, newSize, oldRoot, newRoot, [...proof, newRoot]), false)
      }
      if (proof.length > 0) equal(verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof.slice(1)), false)
    }),
  )
})

/** RFC 6962 section 2.1, word for word. */
function treeHash(leaves: readonly Hash[]): Hash {
  const [only] = leaves
  if (only === undefined) return emptyRoot
  if (leaves.length === 1) return only
  let power = 1
  while (power * 2 < leaves.length) power *= 2
  return nodeHash(treeHash(leaves.slice(0, power)), treeHash(leaves.slice(power)))
}

function subtreesOf(leaves: readonly Hash[]) {
  return async (level: number, index: number) => treeHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))
}

function numberedLeaves(count: number): Hash[] {
  return Array.from({ length: count }, (_, index) => leafHash(Buffer.from(`entry ${index}`)))
}

function hex(hash: Hash): string {
  return Buffer.from(hash).toString('hex')
}
