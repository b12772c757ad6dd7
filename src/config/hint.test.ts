import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nearest } from './hint.ts'

const known = ['port', 'host', 'upstreams', 'apiKeys', 'tls']

test('a slip of the finger finds the name that was meant', () => {
  const cases = {
    prot: 'port',
    hots: 'host',
    upstream: 'upstreams',
    upstraems: 'upstreams',
    'api-keys': 'apiKeys',
    api_key: 'apiKeys',
    TLS: 'tls',
  }
  for (const [word, meant] of Object.entries(cases)) assert.equal(nearest(word, known), meant, word)
})

test('a different word gets no hint', () => {
  for (const word of ['retention', 'x', '', 'a'.repeat(100_000)]) assert.equal(nearest(word, known), undefined)
  assert.equal(nearest('port', []), undefined)
})

test('a known name is always its own nearest', () => {
  fc.assert(fc.property(fc.constantFrom(...known), (word) => nearest(word, known) === word))
})
