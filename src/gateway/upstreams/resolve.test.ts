import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedLookup } from './resolve.ts'

interface Found {
  readonly error: Error | null
  readonly addresses: readonly string[]
}

/** A lookup over scripted answers, the last of which stays. */
function scripted(answers: readonly (readonly string[] | Error)[], allowPrivate = false) {
  const clock = { at: 0 }
  let asked = 0
  const lookup = checkedLookup({
    resolve: async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)]
      if (answer === undefined || answer instanceof Error) throw answer
      return answer
    },
    allowPrivate,
    now: () => clock.at,
    ttlMs: 1000,
  })
  const find = (hostname: string, all = true) =>
    new Promise<Found>((resolve) => {
      lookup(hostname, { all }, (error, found) => {
        const list = Array.isArray(found) ? found.map(({ address }) => address) : [found]
        resolve({ error, addresses: error ? [] : list })
      })
    })
  return { clock, find, asked: () => asked }
}

test('all addresses of a public name are given, to be tried in turn', async () => {
  const { find } = scripted([['104.18.7.192', '2606:4700::6812:7c0']])
  assert.deepEqual((await find('api.example.com')).addresses, ['104.18.7.192', '2606:4700::6812:7c0'])
  assert.deepEqual((await find('api.example.com', false)).addresses, ['104.18.7.192'])
})

test('one address that is not allowed refuses the whole name', async () => {
  const { find } = scripted([['104.18.7.192', '10.0.0.5']])
  const { error } = await find('rebinding.example.com')
  assert.ok(error)
  assert.equal('code' in error && error.code, 'address_not_allowed')
  assert.ok(!error.message.includes('10.0.0.5'), 'the address inside is not told')
})

test('a name that turns private after its time is refused then, and connects nowhere else before', async () => {
  const { find, clock, asked } = scripted([['104.18.7.192'], ['169.254.169.254']], true)
  assert.deepEqual((await find('rebinding.example.com')).addresses, ['104.18.7.192'])
  clock.at = 999
  assert.deepEqual((await find('rebinding.example.com')).addresses, ['104.18.7.192'])
  assert.equal(asked(), 1)
  clock.at = 1000
  assert.match((await find('rebinding.example.com')).error?.message ?? '', /never allowed/)
})

test('many connections at once ask the resolver once', async () => {
  const { find, asked } = scripted([['104.18.7.192']])
  await Promise.all([find('a.example.com'), find('a.example.com'), find('a.example.com')])
  assert.equal(asked(), 1)
})

test('a failure is passed on and not remembered', async () => {
  const { find } = scripted([new Error('the resolver is down'), ['104.18.7.192']])
  assert.match((await find('a.example.com')).error?.message ?? '', /resolver is down/)
  assert.deepEqual((await find('a.example.com')).addresses, ['104.18.7.192'])
})

test('a name without an address is an error', async () => {
  assert.match((await scripted([[]]).find('a.example.com')).error?.message ?? '', /no address/)
})

test('what is not an address is refused, whoever says it', async () => {
  for (const nonsense of ['localhost', '0x7f.1', '', '127.0.0.1:80']) {
    assert.ok((await scripted([[nonsense]], true).find('a.example.com')).error, nonsense)
  }
})

test('a name below localhost needs allowPrivate, even when a resolver calls it public', async () => {
  assert.ok((await scripted([['104.18.7.192']]).find('api.localhost')).error)
  assert.equal((await scripted([['127.0.0.1']], true).find('api.localhost')).error, null)
})
