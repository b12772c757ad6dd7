import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { commitment, equalConstantTime, sha256, sha256Hex } from './digest.ts'

test('SHA-256 gives the values of FIPS 180-4', () => {
  equal(sha256Hex('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  equal(sha256Hex(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  equal(Buffer.from(sha256('abc')).toString('hex'), sha256Hex(Buffer.from('abc')))
})

test('constant-time comparison agrees with ordinary comparison, also for different lengths', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      equal(equalConstantTime(a, b), Buffer.compare(a, b) === 0)
      equal(equalConstantTime(a, Uint8Array.from(a)), true)
    }),
  )
  equal(equalConstantTime('é', Buffer.from('é')), true)
  equal(equalConstantTime('a', 'ab'), false)
})

test('a commitment is HMAC-SHA-256: equal for equal values, and different under another key', () => {
  const key = new Uint8Array(32).fill(1)
  equal(commitment(key, '192.0.2.1'), createHmac('sha256', key).update('192.0.2.1').digest('hex'))
  equal(commitment(key, '192.0.2.1'), commitment(key, '192.0.2.1'))
  notEqual(commitment(key, '192.0.2.1'), commitment(new Uint8Array(32).fill(2), '192.0.2.1'))
  deepEqual(commitment(key, '').length, 64)
})
