import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#config'
import { changedPaths, needsRestart, withoutRestart } from './changes.ts'
import { settingsSchema } from './settings.ts'

test('a change is told by its path, and a secret by nothing else', () => {
  const before = { limits: { rate: 1, burst: 2 }, upstreams: [{ name: 'a', key: new Secret('old') }] }
  const after = { limits: { rate: 1, burst: 3 }, upstreams: [{ name: 'a', key: new Secret('new') }] }
  deepEqual(changedPaths(before, after), ['limits.burst', 'upstreams[a].key'])
  deepEqual(changedPaths(before, structuredCloneOf(before)), [])
})

test('items of a list go by their names, others by their place', () => {
  deepEqual(changedPaths([{ name: 'a' }], [{ name: 'b' }, { name: 'a' }]), ['[b]'])
  deepEqual(changedPaths({ hosts: ['a', 'b'] }, { hosts: ['a', 'c'] }), ['hosts[1]'])
})

test('another order of named items is a change: the first upstream that serves a model gets it', () => {
  const [a, b] = [{ name: 'a' }, { name: 'b' }]
  deepEqual(changedPaths({ upstreams: [a, b] }, { upstreams: [b, a] }), ['upstreams'])
})

test('what appears or goes is one path; an absent key and an undefined one are the same', () => {
  deepEqual(changedPaths({}, { tls: { ca: 'x' } }), ['tls'])
  deepEqual(changedPaths({ tls: undefined }, {}), [])
  deepEqual(changedPaths({ url: new URL('http://a/') }, { url: new URL('http://b/') }), ['url'])
})

test('what needs a restart stays as it runs, and the rest is taken over', () => {
  const settings = (more: object) =>
    settingsSchema.parse({ upstreams: [{ name: 'a', url: 'https://a.example/v1' }], policy: { folder: 'p' }, ...more })
  const running = settings({})
  const next = settings({ data: './other', listen: { port: 1 }, limits: { maxHeaderBytes: 2048, maxBodyBytes: 1 } })
  deepEqual(changedPaths(running, next).filter(needsRestart), ['data', 'listen.port', 'limits.maxHeaderBytes'])
  deepEqual(changedPaths(running, withoutRestart(running, next)), ['limits.maxBodyBytes'])
  equal(needsRestart('listen.tls.key'), false)
  equal(needsRestart('listen.tls'), true)
})

function structuredCloneOf<T extends { upstreams: readonly { name: string; key: Secret }[] }>(value: T): T {
  return { ...value, upstreams: value.upstreams.map(({ name, key }) => ({ name, key: new Secret(key.reveal()) })) }
}
