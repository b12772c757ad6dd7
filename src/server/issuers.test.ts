import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { identitySchema } from '#identity'
import { createTokenDoor } from './issuers.ts'
import { systemWorld } from './world.ts'

const commitKey = new Uint8Array(32)

/** An issuer with one key, and how often it was asked for it. */
async function startIssuer(t: TestContext) {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA')
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'EdDSA' }] })
  let fetches = 0
  const server = createServer((_, response) => {
    fetches++
    response.end(keys)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const settings = (changes: object = {}) =>
    identitySchema.parse({
      issuers: [{ issuer, audience: 'a', jwks: { url: `${issuer}/keys`, allowPrivate: true }, ...changes }],
    })
  const token = (claims: object = {}) =>
    new SignJWT({ scope: 'chat', ...claims })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience('a')
      .setSubject('alice')
      .setExpirationTime('5m')
      .sign(privateKey)
  return { settings, token, fetches: () => fetches }
}

test('an issuer keeps its keys when the configuration changes, unless what changes is where they are', async (t) => {
  const { settings, token, fetches } = await startIssuer(t)
  const door = createTokenDoor(systemWorld(() => {}))
  const isAccepted = async (changes: object) =>
    (await door.verifier(settings(changes), commitKey)?.authenticate(await token()))?.ok
  assert.equal(await isAccepted({}), true)
  assert.equal(await isAccepted({ tenant: 'acme' }), true)
  assert.equal(fetches(), 1)
  assert.equal(await isAccepted({ audience: 'b' }), false)
  assert.equal(fetches(), 1)
  const [own] = settings().issuers
  await isAccepted({ jwks: { url: `${own?.jwks.url?.href}?again`, allowPrivate: true } })
  assert.equal(fetches(), 2)
  assert.equal(door.verifier({ issuers: [] }, commitKey), undefined)
})

test('where the address of the keys leads inward, nobody is asked and the operator is told', async (t) => {
  const { settings, token, fetches } = await startIssuer(t)
  const [own] = settings().issuers
  const warnings: string[] = []
  const inward = { ...settings({ jwks: { url: own?.jwks.url?.href } }) }
  const verifier = createTokenDoor(systemWorld((text) => warnings.push(text))).verifier(inward, commitKey)
  assert.deepEqual(await verifier?.authenticate(await token()), { ok: false, reason: 'token_keys_unavailable' })
  assert.equal(fetches(), 0)
  assert.match(
    warnings.join(''),
    /the address of .* is refused: it is a private address, which needs `allowPrivate: true`/,
  )
})
