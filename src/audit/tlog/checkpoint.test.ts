import { deepEqual, equal, throws } from 'node:assert/strict'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { LogError } from '../error.ts'
import { keys, origin, signingKeys } from '../fixtures.ts'
import { openCheckpoint, signCheckpoint, verifierKeys } from './checkpoint.ts'
import { emptyRoot } from './merkle.ts'
import { encodeVerifierKey, parseNote, parseVerifierKeys } from './note.ts'

const publicKeys = Object.values(verifierKeys(origin, keys))
const checkpoint = { origin, size: 20_852_163, root: Buffer.alloc(32, 7) }
const time = 1_790_000_000

test('a checkpoint that was signed is read back with both signatures and the time', async () => {
  const note = await signCheckpoint(checkpoint, keys, time)
  const opened = openCheckpoint(note, publicKeys)
  deepEqual([opened.origin, opened.size, opened.signedAt], [origin, checkpoint.size, time])
  deepEqual(opened.algorithms, ['ed25519', 'ml-dsa-44'])
})

test('the Ed25519 line is over the text, as signed-note wants it', async () => {
  const { text, signatures } = parseNote(await signCheckpoint(checkpoint, keys, time))
  equal(text, `${origin}\n20852163\n${Buffer.alloc(32, 7).toString('base64')}\n`)
  const raw = createPublicKey(keys.ed25519).export({ format: 'raw-public' })
  equal(signatures[0]?.keyId, keyId(0x01, raw))
  equal(verify(null, Buffer.from(text), keys.ed25519, signatures[0]?.value ?? text), true)
})

test('the ML-DSA-44 line is over the statement of tlog-cosignature, byte for byte', async () => {
  const { signatures } = parseNote(await signCheckpoint(checkpoint, keys, time))
  const raw = createPublicKey(keys.mldsa44).export({ format: 'raw-public' })
  equal(signatures[1]?.keyId, keyId(0x06, raw))
  const value = Buffer.from(signatures[1]?.value ?? [])
  equal(value.length, 8 + 2420)
  equal(value.readBigUInt64BE(), BigInt(time))
  const name = Buffer.concat([Buffer.of(origin.length), Buffer.from(origin)])
  const statement = Buffer.concat([
    Buffer.from('737562747265652f76310a00', 'hex'),
    name,
    u64(time),
    name,
    u64(0),
    u64(checkpoint.size),
    checkpoint.root,
  ])
  equal(verify(null, statement, keys.mldsa44, value.subarray(8)), true)
})

test('a checkpoint that was changed anywhere is refused', async () => {
  const note = await signCheckpoint({ origin, size: 0, root: emptyRoot }, keys, time)
  fc.assert(
    fc.property(fc.nat({ max: note.length - 1 }), fc.constantFrom('A', 'b', '7', '\n', '—'), (at, character) => {
      if (note[at] === character) return
      throws(() => openCheckpoint(note.slice(0, at) + character + note.slice(at + 1), publicKeys), LogError)
    }),
    { numRuns: 500 },
  )
})

test('lines of unknown keys are passed over; a line that is missing, or wrong under a known name and id, is not', async () => {
  const note = await signCheckpoint(checkpoint, keys, time)
  const [stranger = ''] = (await signCheckpoint(checkpoint, signingKeys(2), time)).split('\n').slice(4)
  equal(openCheckpoint(`${note}${stranger}\n`, publicKeys).size, checkpoint.size)
  throws(() => openCheckpoint(note.replace(/\n—.*\n$/, '\n'), publicKeys), /no ml-dsa-44 signature/)
  const swapped = await signCheckpoint({ ...checkpoint, size: 1 }, keys, time)
  throws(() => openCheckpoint(`${note}${swapped.split('\n')[4]}\n`, publicKeys), /ed25519 signature .* is wrong/)
})

test('what is no note or no checkpoint is refused, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      throws(() => openCheckpoint(text, publicKeys), LogError)
    }),
  )
  const line = '— a AAAAAAA=\n'
  for (const text of [
    '\n\n',
    `o\n1\nx\n\n${line}`,
    `${'a\n'.repeat(600_000)}\n${line}`,
    `o\n1\n\n${line.repeat(100)}`,
  ]) {
    throws(() => openCheckpoint(text, publicKeys), LogError)
  }
})

test('verifier keys survive their text form', () => {
  const [ed25519, mldsa44] = parseVerifierKeys(publicKeys.map(encodeVerifierKey).join('\n'))
  equal(ed25519?.key.equals(createPublicKey(keys.ed25519)), true)
  equal(mldsa44?.key.equals(createPublicKey(keys.mldsa44)), true)
})

function keyId(type: number, raw: Uint8Array): string {
  return createHash('sha256').update(`${origin}\n`).update(Buffer.of(type)).update(raw).digest('hex').slice(0, 8)
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
