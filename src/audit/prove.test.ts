import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { LogError } from './error.ts'
import { dir, keys, origin, signingKeys, writtenLog } from './fixtures.ts'
import { proveEntry, verifyProof } from './prove.ts'
import { verifierKeys } from './tlog/checkpoint.ts'
import { encodeVerifierKey, parseVerifierKeys } from './tlog/note.ts'

const publicKeys = Object.values(verifierKeys(origin, keys))

test('each entry of a log is proven by a file that needs nothing but the public keys', async () => {
  for (const size of [1, 2, 255, 256, 257, 700]) {
    const files = await writtenLog(size)
    for (const index of new Set([0, 1, 254, 255, 256, 600, size - 1])) {
      if (index >= size) continue
      const { proof, entry } = await proveEntry({ dir, files, index })
      const proven = verifyProof(proof, undefined, publicKeys)
      deepEqual([proven.index, proven.checkpoint.size, proven.checkpoint.origin], [index, size, origin])
      deepEqual(Buffer.from(proven.entry), Buffer.from(entry))
      equal(verifyProof(proof, entry, publicKeys).index, index)
    }
  }
})

test('a proof begins as C2SP tlog-proof wants it, and ends with the checkpoint as it is', async () => {
  const files = await writtenLog(5)
  const { proof, entry } = await proveEntry({ dir, files, index: 3 })
  const note = Buffer.from((await files.read(join(dir, 'checkpoint'))) ?? []).toString()
  const lines = proof.slice(0, -note.length).split('\n')
  deepEqual(lines.slice(0, 3), ['c2sp.org/tlog-proof@v1', `extra ${Buffer.from(entry).toString('base64')}`, 'index 3'])
  equal(lines.slice(3).filter((line) => line !== '').length, 3, 'three hashes for five entries')
  equal(proof.endsWith(`\n\n${note}`), true)
})

test('a proof that was changed anywhere does not hold', async () => {
  const { proof, entry } = await proveEntry({ dir, files: await writtenLog(300), index: 260 })
  fc.assert(
    fc.property(fc.nat({ max: proof.length - 1 }), fc.constantFrom('A', 'b', '7', '\n', ' ', '='), (at, character) => {
      if (proof[at] === character) return
      const changed = proof.slice(0, at) + character + proof.slice(at + 1)
      throws(() => verifyProof(changed, undefined, publicKeys), LogError)
    }),
    { numRuns: 500 },
  )
  for (let end = 0; end < proof.length; end += 97)
    throws(() => verifyProof(proof.slice(0, end), entry, publicKeys), LogError)
})

test('a proof does not hold for another entry or with other keys', async () => {
  const files = await writtenLog(10)
  const [three, four] = await Promise.all([proveEntry({ dir, files, index: 3 }), proveEntry({ dir, files, index: 4 })])
  throws(() => verifyProof(three.proof, four.entry, publicKeys), LogError)
  throws(() => verifyProof(three.proof, three.entry, Object.values(verifierKeys(origin, signingKeys(2)))), LogError)
  throws(() => verifyProof(three.proof, three.entry, []), LogError)
})

test('an entry that is not there, or not the signed one, is not proven', async () => {
  const files = await writtenLog(10)
  for (const index of [10, -1, 1.5, Number.NaN, 1e300]) {
    await rejects(proveEntry({ dir, files, index }), (error) => error instanceof LogError && error.code === 'not_found')
  }
  const path = join(dir, 'tile/entries/000.p/10')
  const bundle = Buffer.from((await files.read(path)) ?? [])
  bundle[100] = (bundle[100] ?? 0) ^ 1
  files.tamper(path, bundle)
  await rejects(proveEntry({ dir, files, index: 0 }), (error) => error instanceof LogError && error.code === 'damaged')
})

test('public keys are read back from their lines; anything else is refused', () => {
  const text = `# the log of Holdfast\n\n${publicKeys.map(encodeVerifierKey).join('\n')}\n`
  const read = parseVerifierKeys(text)
  deepEqual(
    read.map(({ name, algorithm, id }) => [name, algorithm, id]),
    publicKeys.map(({ name, algorithm, id }) => [name, algorithm, id]),
  )
  const [line = ''] = publicKeys.map(encodeVerifierKey)
  for (const wrong of [
    'x',
    line.slice(1),
    line.slice(0, -2),
    line.replace('+', '-'),
    `${line}A`,
    line.replace(/\+../, '+00'),
  ]) {
    throws(() => parseVerifierKeys(wrong), LogError)
  }
})
