import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchedKeys } from './key-source.ts'
import { commit, epoch, goodClaims, issuerSettings, makeKey } from './testkit.ts'
import { createTokenVerifier } from './verify.ts'

const [first, second, third] = await Promise.all(['first', 'second', 'third'].map((kid) => makeKey('ES256', kid)))
assert.ok(first && second && third)
const minute = 60_000
const day = 86_400_000

/** An issuer whose keys, clock and connection the test holds in its hand. */
function remoteIssuer() {
  const state = { now: epoch, ticks: 0, published: [first], fetches: 0, failure: undefined as string | undefined }
  const warnings: string[] = []
  const source = fetchedKeys({
    issuer: 'https://login.example.com/',
    now: () => state.now,
    monotonic: () => state.ticks,
    warn: (text) => warnings.push(text),
    fetch: async () => {
      state.fetches++
      if (state.failure !== undefined) throw new Error(state.failure)
      return JSON.stringify({ keys: state.published.map((key) => key?.jwk) })
    },
    refreshMs: 5 * minute,
    cooldownMs: minute / 2,
    maxStaleMs: day,
  })
  const verifier = createTokenVerifier({
    issuers: [{ settings: issuerSettings(), keys: source }],
    now: () => state.now,
    commit,
  })
  const answer = async (token: string) => {
    const result = await verifier.authenticate(token)
    return result.ok ? 'accepted' : result.reason
  }
  const tokenOf = (key: typeof first, header = {}) => {
    assert.ok(key)
    const seconds = Math.floor(state.now / 1000)
    return key.sign(goodClaims({ iat: seconds - 60, exp: seconds + 2 * 86_400 }), header)
  }
  return { state, warnings, source, answer, tokenOf }
}

test('keys are fetched once for many tokens, and again in the background when they are old', async () => {
  const { state, source, answer, tokenOf } = remoteIssuer()
  const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenOf(first)))
  assert.deepEqual(new Set(await Promise.all(tokens.map(answer))), new Set(['accepted']))
  assert.equal(state.fetches, 1)
  state.now += 5 * minute
  assert.ok(!(source.keys() instanceof Promise), 'nobody waits for the renewal')
  await source.keepFresh()
  assert.equal(state.fetches, 2)
})

test('a new key is found when a token names it, and a key that is withdrawn is refused from the next renewal on', async () => {
  const { state, answer, source, tokenOf } = remoteIssuer()
  const old = await tokenOf(first)
  assert.equal(await answer(old), 'accepted')
  state.published = [second]
  assert.equal(await answer(await tokenOf(second)), 'accepted')
  assert.equal(state.fetches, 2)
  assert.equal(await answer(old), 'token_key_unknown')
  await source.keepFresh()
  assert.equal(state.fetches, 2)
})

test('random key ids are no way to flood the issuer, and do not hide a rotation for longer than the cooldown', async () => {
  const { state, answer, tokenOf } = remoteIssuer()
  await answer(await tokenOf(first))
  for (let index = 0; index < 100; index++)
    assert.equal(await answer(await tokenOf(first, { kid: `random-${index}` })), 'token_key_unknown')
  assert.equal(state.fetches, 2)
  state.published = [third]
  assert.equal(await answer(await tokenOf(third)), 'token_key_unknown')
  state.now += minute / 2
  assert.equal(await answer(await tokenOf(third)), 'accepted')
  assert.equal(state.fetches, 3)
})

test('while the issuer is away its last keys serve for a day; then its tokens are refused, and the operator is told of both', async () => {
  const { state, warnings, answer, source, tokenOf } = remoteIssuer()
  const token = await tokenOf(first)
  assert.equal(await answer(token), 'accepted')
  state.failure = 'no connection'
  for (let hour = 1; hour <= 24; hour++) {
    state.now = epoch + hour * 60 * minute
    await source.keepFresh()
    assert.equal(await answer(await tokenOf(first)), 'accepted', `after ${hour} hours`)
  }
  assert.deepEqual(warnings, [
    'the keys of the issuer https://login.example.com/ cannot be fetched, so its tokens are checked with the keys it had, until 2026-11-21T00:00:00.000Z: no connection',
  ])
  state.now += 1
  assert.equal(await answer(token), 'token_keys_unavailable', 'a remembered token as well')
  state.now += 10_000
  await source.keepFresh()
  assert.match(warnings[1] ?? '', /so its tokens are refused until they can be: no connection$/)
  state.failure = undefined
  state.now += 10_000
  assert.equal(await answer(await tokenOf(first)), 'accepted')
})

test('a clock that is set back makes no key younger', async () => {
  const { state, answer, source, tokenOf } = remoteIssuer()
  const token = await tokenOf(first)
  assert.equal(await answer(token), 'accepted')
  state.failure = 'no connection'
  state.now -= minute
  state.ticks = 5 * minute
  await source.keepFresh()
  assert.equal(state.fetches, 2, 'renewed when it was due')
  assert.equal(await answer(token), 'accepted')
  state.ticks = day + 1
  assert.equal(await answer(token), 'token_keys_unavailable')
})

test('an issuer that never answered lets nobody in, and is not asked more often than every five seconds', async () => {
  const { state, warnings, answer, tokenOf } = remoteIssuer()
  state.failure = 'no connection'
  const token = await tokenOf(first)
  for (let index = 0; index < 50; index++) assert.equal(await answer(token), 'token_keys_unavailable')
  assert.equal(state.fetches, 1)
  state.now += 5_000
  state.failure = undefined
  assert.equal(await answer(token), 'accepted')
  assert.equal(warnings.length, 1)
})

test('a set that must not be used does not take the place of a good one', async () => {
  const { state, warnings, answer, source, tokenOf } = remoteIssuer()
  assert.equal(await answer(await tokenOf(first)), 'accepted')
  state.published = [{ ...first, jwk: { kty: 'oct', k: 'c2VjcmV0' } }]
  state.now += 5 * minute
  await source.keepFresh()
  assert.equal(await answer(await tokenOf(first)), 'accepted')
  assert.match(warnings.join(), /symmetric key/)
})

test('an issuer that withdraws all its keys is believed', async () => {
  const { state, warnings, answer, source, tokenOf } = remoteIssuer()
  const token = await tokenOf(first)
  assert.equal(await answer(token), 'accepted')
  state.published = []
  state.now += 5 * minute
  await source.keepFresh()
  assert.equal(await answer(token), 'token_key_unknown')
  assert.match(warnings.join(), /publishes no key/)
})
