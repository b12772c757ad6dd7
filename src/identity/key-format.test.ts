import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { base32, formatKey, isKeyText } from './key-format.ts'

const random = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('a key is hold_ and 59 characters, and carries all of its 256 bits', () => {
  fc.assert(
    fc.property(random, (bytes) => {
      const key = formatKey(bytes)
      assert.match(key, /^hold_[a-z2-7]{59}$/)
      assert.ok(isKeyText(key))
      assert.deepEqual(decode(key.slice(5, 57)), Buffer.from(bytes))
    }),
  )
})

test('one changed character, anywhere, is noticed', () => {
  const characters = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567AZ01_- \u00e9')
  fc.assert(
    fc.property(random, fc.integer({ min: 0, max: 63 }), characters, (bytes, at, other) => {
      const key = formatKey(bytes)
      const changed = key.slice(0, at) + other + key.slice(at + 1)
      assert.equal(isKeyText(changed), changed === key)
    }),
  )
})

test('what is cut, extended or merely similar is not a key', () => {
  const key = formatKey(new Uint8Array(32))
  for (const text of [
    '',
    'hold_',
    key.slice(1),
    key.slice(0, -1),
    `${key}a`,
    ` ${key}`,
    `${key}\n`,
    key.toUpperCase(),
    key + key,
  ]) {
    assert.ok(!isKeyText(text), text)
  }
  fc.assert(fc.property(fc.string(), (text) => !isKeyText(text)))
})

test('base32 is that of RFC 4648 section 10', () => {
  const vectors = {
    '': '',
    f: 'my',
    fo: 'mzxq',
    foo: 'mzxw6',
    foob: 'mzxw6yq',
    fooba: 'mzxw6ytb',
    foobar: 'mzxw6ytboi',
  }
  for (const [text, encoded] of Object.entries(vectors)) assert.equal(base32(Buffer.from(text)), encoded)
})

test('a key is made from exactly 32 bytes', () => {
  assert.throws(() => formatKey(new Uint8Array(31)), RangeError)
})

function decode(text: string): Buffer {
  const bits = [...text]
    .map((char) => 'abcdefghijklmnopqrstuvwxyz234567'.indexOf(char).toString(2).padStart(5, '0'))
    .join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
