import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHostList, HOST_PATTERN } from './hosts.ts'
import { privacySchema } from './schema.ts'

test('a host is listed exactly, with the port of its scheme', () => {
  const isListed = createHostList(['App.Example.com', 'localhost:8080', 'secure.example:443'])
  for (const [scheme, authority] of [
    ['https', 'app.example.com'],
    ['https', 'APP.EXAMPLE.COM:443'],
    ['http', 'app.example.com:80'],
    ['http', 'localhost:8080'],
    ['https', 'secure.example'],
  ] as const) {
    assert.equal(isListed(scheme, authority), true, `${scheme}://${authority}`)
  }
  for (const [scheme, authority] of [
    ['https', 'example.com'],
    ['https', 'x.app.example.com'],
    ['https', 'app.example.com.'],
    ['https', 'app.example.com:80'],
    ['https', 'app.example.com:'],
    ['https', 'user@app.example.com'],
    ['https', 'app.example.com.evil.example'],
    ['ftp', 'app.example.com'],
    ['http', 'localhost'],
    ['http', 'secure.example'],
    ['https', ''],
  ] as const) {
    assert.equal(isListed(scheme, authority), false, `${scheme}://${authority}`)
  }
})

test('*.host lists what is below the host, at any depth, and not the host', () => {
  const isListed = createHostList(['*.corp.example', '*.dev.example:8443'])
  assert.equal(isListed('https', 'a.corp.example'), true)
  assert.equal(isListed('https', 'a.b.corp.example'), true)
  assert.equal(isListed('https', 'a.dev.example:8443'), true)
  assert.equal(isListed('https', 'corp.example'), false)
  assert.equal(isListed('https', 'evilcorp.example'), false)
  assert.equal(isListed('https', '.corp.example'), false)
  assert.equal(isListed('https', 'a.dev.example'), false)
})

test('a pattern that is no host lists nothing', () => {
  const bad = [
    '*',
    '*.',
    '',
    'https://app.example.com',
    'app.example.com/path',
    '*app.example',
    'a.*.example',
    'ä.example',
  ]
  for (const pattern of bad) assert.doesNotMatch(pattern, HOST_PATTERN)
  assert.equal(createHostList(bad)('https', 'app.example.com'), false)
})

test('an empty configuration lets nothing out and keeps placeholders for thirty days', () => {
  assert.deepEqual(privacySchema.parse(undefined), {
    session: { ttl: 30 * 86_400_000 },
    restore: { hosts: [] },
    tools: { outward: [], inward: [] },
    types: {},
  })
})

test('the configuration refuses a pattern that is no host, a type that is none, and unknown keys', () => {
  for (const bad of [
    { restore: { hosts: ['*'] } },
    { restore: { hosts: ['https://app.example.com'] } },
    { types: { email: 'email' } },
    { tools: { outward: [''] } },
    { restore: { host: [] } },
  ]) {
    assert.equal(privacySchema.safeParse(bad).success, false, JSON.stringify(bad))
  }
})
