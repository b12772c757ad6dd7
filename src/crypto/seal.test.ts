import { deepEqual, notDeepEqual, throws } from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { CryptoError } from './errors.ts'
import { open, seal } from './seal.ts'

const key = new Uint8Array(32).fill(7)
const refused = (code: string) => (error: unknown) => error instanceof CryptoError && error.code === code

test('what was sealed opens with the same key and the same associated data', () => {
  fc.assert(
    fc.property(fc.uint8Array({ size: 'large' }), fc.uint8Array(), (plaintext, aad) => {
      deepEqual(Buffer.from(open(key, seal(key, plaintext, aad), aad)), Buffer.from(plaintext))
    }),
  )
})

test('any changed, cut or lengthened byte string is refused', () => {
  const sealed = seal(key, 'four score and seven', 'row 1')
  for (let at = 0; at < sealed.length; at++) {
    const changed = Uint8Array.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    throws(() => open(key, changed, 'row 1'), refused('sealed'), `byte ${at}`)
    throws(() => open(key, sealed.subarray(0, at), 'row 1'), refused('sealed'), `cut at ${at}`)
  }
  throws(() => open(key, Buffer.concat([sealed, Buffer.alloc(1)]), 'row 1'), refused('sealed'))
})

test('a sealed value does not open in another place or with another key', () => {
  const sealed = seal(key, 'secret', 'tenant a')
  throws(() => open(key, sealed, 'tenant b'), refused('sealed'))
  throws(() => open(new Uint8Array(32), sealed, 'tenant a'), refused('sealed'))
})

test('sealing the same text twice gives different bytes', () => {
  notDeepEqual(seal(key, 'same', ''), seal(key, 'same', ''))
})

test('a key of the wrong length is refused before anything is done', () => {
  throws(() => seal(new Uint8Array(16), 'x', ''), refused('argument'))
  throws(() => open(new Uint8Array(31), new Uint8Array(64), ''), refused('argument'))
})

test('the format is version, nonce, ciphertext, tag, as any AES-256-GCM implementation makes it', () => {
  const nonce = Buffer.alloc(12, 9)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from('here'))
  const body = Buffer.concat([cipher.update('hello'), cipher.final()])
  const sealed = Buffer.concat([Buffer.of(1), nonce, body, cipher.getAuthTag()])
  deepEqual(Buffer.from(open(key, sealed, 'here')).toString(), 'hello')
})
