import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { exportJWK, generateKeyPair } from 'jose'
import { IdentityError } from '../error.ts'
import { readKeySet } from './key-set.ts'
import { makeKey } from './testkit.ts'

const ec = await makeKey('ES256', 'ec')
const read = (...keys: unknown[]) => readKeySet(JSON.stringify({ keys }))

async function refusedSet(text: string, message: RegExp): Promise<void> {
  await assert.rejects(
    readKeySet(text),
    (error) => error instanceof IdentityError && error.code === 'key_set' && message.test(error.message),
  )
}

test('a set that holds a private or a symmetric key is refused as a whole', async () => {
  for (const alg of ['ES256', 'RS256', 'EdDSA', 'ML-DSA-44']) {
    const { privateKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = { ...(await exportJWK(privateKey)), alg, kid: 'leaked' }
    await refusedSet(JSON.stringify({ keys: [ec.jwk, jwk] }), /key "leaked" is a private key: .*Replace the key/)
  }
  await refusedSet(
    JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'shared' }] }),
    /"shared" is a symmetric key/,
  )
  await refusedSet(JSON.stringify({ keys: [{ kty: 'oct' }] }), /key 1 is a symmetric key/)
})

test('what is no JWK Set is refused', async () => {
  for (const text of [
    '',
    '<!doctype html><title>Sign in</title>',
    '{"keys":[],"keys":[]}',
    `{"keys":${'['.repeat(50)}`,
  ])
    await refusedSet(text, /not JSON/)
  for (const text of ['null', '[]', '{}', '{"keys":{}}', '{"keys":[1]}', '{"keys":[{"kty":1}]}', '{"keys":[{}]}'])
    await refusedSet(text, /no JWK Set/)
  await refusedSet(JSON.stringify({ keys: Array.from({ length: 101 }, () => ec.jwk) }), /no JWK Set/)
})

test('keys that are too weak or for something else are left out, each with a reason', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const strong = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  const { keys, ignored } = await read(
    ec.jwk,
    { ...weak, kid: 'weak' },
    { ...strong, e: 'AQ', kid: 'one' },
    { ...strong, e: 'Ag', kid: 'two' },
    { ...ec.jwk, use: 'enc', kid: 'enc' },
    { ...ec.jwk, use: undefined, key_ops: ['encrypt'], kid: 'ops' },
    { ...ec.jwk, alg: 'ES384', kid: 'alg' },
    { ...ec.jwk, alg: 'HS256', kid: 'hmac' },
    { ...ec.jwk, crv: 'secp256k1', kid: 'crv' },
    { ...ec.jwk, x: 'AAAA', kid: 'point' },
    { ...ec.jwk, y: ec.jwk.x, kid: 'off the curve' },
    { kty: 'OKP', crv: 'X25519', x: 'AAAA', kid: 'agreement' },
    { kty: 'AKP', pub: 'AAAA', kid: 'which ML-DSA' },
    { kty: '__proto__', kid: 'kind' },
  )
  assert.deepEqual(
    keys.map(({ kid }) => kid),
    ['ec'],
  )
  assert.deepEqual(
    ignored.map((line) => line.split(':')[0]),
    [
      'weak',
      'one',
      'two',
      'enc',
      'ops',
      'alg',
      'hmac',
      'crv',
      'point',
      'off the curve',
      'agreement',
      'which ML-DSA',
      'kind',
    ].map((kid) => `key ${JSON.stringify(kid)}`),
  )
  assert.match(ignored[0] ?? '', /at least 2048 bits, this one 1024/)
})

test('a key is known by what it is: the same key read again is the same, another is not', async () => {
  const [first, again, changed] = await Promise.all([
    read(ec.jwk),
    read({ ...ec.jwk, kid: 'renamed', x5c: ['MIIB'] }),
    read((await makeKey('ES256', 'ec')).jwk),
  ])
  const [key] = first.keys
  assert.ok(key && again.has(key.digest) && !changed.has(key.digest))
})
