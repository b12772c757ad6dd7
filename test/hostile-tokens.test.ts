// Bad input, group 8 and what belongs to it from groups 3, 5 and 6: tokens that are forged, meant for somebody else, or
// from an issuer that nobody knows; and the log says why, while the client learns nothing.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, test } from 'node:test'
import { readEntries } from '#audit'
import { openGateway } from './support/gateway.ts'
import { startIssuer } from './support/issuer.ts'
import { chatRequest, sendRaw } from './support/raw.ts'
import { assertRefused } from './support/refused.ts'

const issuer = await startIssuer()
const stranger = await startIssuer()
const gateway = await openGateway({
  settings: {
    identity: {
      issuers: [
        {
          issuer: issuer.name,
          audience: 'holdfast',
          jwks: { url: issuer.keysUrl, allowPrivate: true },
          claims: { groups: 'strings' },
        },
      ],
    },
  },
})
after(async () => {
  await gateway.close()
  await issuer.close()
  await stranger.close()
})
const patience = { timeout: 10_000 }

test('a good token is let in, in each of the three headers', patience, async () => {
  const token = await issuer.token()
  for (const headers of [
    { authorization: `Bearer ${token}` },
    { authorization: null, 'x-api-key': token },
    { authorization: null, 'api-key': token },
  ])
    assert.equal((await sendRaw(gateway.port, chatRequest('', { headers }))).status, 200)
})

test('the log names the subject of a token and its id, and never the token', patience, async () => {
  const before = gateway.installation.log.size
  const token = await issuer.token({ sub: 'zoe', jti: 'token-17' })
  assert.equal((await sendRaw(gateway.port, chatRequest(token))).status, 200)
  await gateway.entriesOnce(before, (entries) => entries.some(({ phase }) => phase === 'outcome'))
  const lines: string[] = []
  for await (const { event } of readEntries({ dir: `${gateway.data}/log`, from: before }))
    lines.push(JSON.stringify(event))
  const text = lines.join('\n')
  assert.ok(text.includes(`"uid":"jwt:${issuer.name}#zoe"`), text)
  assert.ok(text.includes('"credential_uid":"token-17"'))
  for (const part of token.split('.')) assert.ok(!text.includes(part))
})

const [header = '', payload = '', signature = ''] = (await issuer.token()).split('.')
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const decoded = JSON.parse(Buffer.from(header, 'base64url').toString())
const hmac = (input: string, secret: string) => createHmac('sha256', secret).update(input).digest('base64url')
const confused = `${encode({ ...decoded, alg: 'HS256' })}.${payload}`
const past = Math.floor(Date.now() / 1000) - 3600

const forged: Record<string, [token: string, reason: string]> = {
  'says alg none': [`${encode({ ...decoded, alg: 'none' })}.${payload}.AA`, 'token_algorithm'],
  'has no signature': [`${header}.${payload}.`, 'token_malformed'],
  'is signed with the public key as a secret (CVE-2026-39999)': [
    `${confused}.${hmac(confused, issuer.document())}`,
    'token_algorithm',
  ],
  'names a path as its key': [await issuer.token({}, { kid: '../../etc/passwd' }), 'token_key_unknown'],
  'names SQL as its key': [await issuer.token({}, { kid: "x' UNION SELECT 1--" }), 'token_key_unknown'],
  'brings an address of keys (jku)': [
    await stranger.token({ iss: issuer.name }, { jku: stranger.keysUrl }),
    'token_header',
  ],
  'brings a certificate address (x5u)': [
    await stranger.token({ iss: issuer.name }, { x5u: stranger.keysUrl }),
    'token_header',
  ],
  'brings its own key (jwk)': [
    await stranger.token({ iss: issuer.name }, { jwk: JSON.parse(stranger.document()).keys[0] }),
    'token_header',
  ],
  'has critical extensions (crit)': [await issuer.token({}, { crit: ['b64'], b64: true }), 'token_header'],
  'has no audience': [await issuer.token({ aud: undefined }), 'token_audience'],
  'has another audience': [await issuer.token({ aud: 'other' }), 'token_audience'],
  'has others in its audience': [await issuer.token({ aud: ['holdfast', 'other'] }), 'token_other_audience'],
  'has its expiry as text': [await issuer.token({ exp: `${past + 9999}` }), 'token_claims'],
  'never expires': [await issuer.token({ exp: undefined }), 'token_claims'],
  'has expired': [await issuer.token({ exp: past }), 'token_expired'],
  'is not valid yet': [await issuer.token({ nbf: past + 9999 }), 'token_not_yet_valid'],
  'is an ID token': [await issuer.token({ nonce: 'n' }, { typ: 'JWT' }), 'token_type'],
  'is of an issuer that nobody knows': [await stranger.token(), 'token_issuer'],
  'is of another issuer under the name of ours': [await stranger.token({ iss: issuer.name }), 'token_signature'],
  'has an ECDSA signature of zeros': [
    `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    'token_signature',
  ],
  'has the claims of another': [
    `${header}.${encode({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'root' })}.${signature}`,
    'token_signature',
  ],
  'has the beginning of a good one (CVE-2026-35030)': [`${header}.${payload}.${'A'.repeat(86)}`, 'token_signature'],
  'is any bearer with dots (CVE-2026-59822)': ['a.b.c', 'token_malformed'],
  'has five parts, as an encrypted one': ['eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA', 'token_malformed'],
  'is as long as a header may be': [`${'a'.repeat(8000)}.a.a`, 'token_malformed'],
}
for (const [what, [token, reason]] of Object.entries(forged))
  test(`a token that ${what} is refused, and the log says why`, patience, async () => {
    const before = gateway.installation.log.size
    await assertRefused(gateway, chatRequest(token), { status: 401, code: 'invalid_token', hostile: [token, reason] })
    const entries = await gateway.entries(before)
    assert.ok(
      entries.some(({ rule }) => rule === `identify: ${reason}`),
      JSON.stringify(entries),
    )
  })

test('the client is told the same in every case, and in the words of RFC 6750', patience, async () => {
  const answers = await Promise.all(
    Object.values(forged).map(async ([token]) => {
      const { status, headers, body } = await sendRaw(gateway.port, chatRequest(token))
      return JSON.stringify([status, headers.get('www-authenticate'), body])
    }),
  )
  assert.equal(new Set(answers).size, 1)
  assert.match(answers[0] ?? '', /Bearer realm=\\"holdfast\\", error=\\"invalid_token\\"/)
})

test('a token beside an API key is refused, whichever is good', patience, async () => {
  const token = await issuer.token()
  for (const lines of [[`X-Api-Key: ${gateway.key}`], [`Authorization: Bearer ${gateway.key}`]])
    await assertRefused(gateway, chatRequest(token, { lines }), { status: 401, code: 'invalid_api_key' })
})

test('a token without the scope may not chat, whatever its subject is called', patience, async () => {
  for (const changes of [{ scope: '' }, { scope: undefined }, { scope: 'chat2', sub: 'chat' }, { scope: 'CHAT' }])
    await assertRefused(gateway, chatRequest(await issuer.token(changes)), { status: 403, code: 'not_authorised' })
})

test('a subject that is called like the principal of a key is somebody else, and no key can be made for a subject', async () => {
  const result = await gateway.house.identify(await issuer.token({ sub: 'p' }))
  const key = await gateway.house.identify(gateway.key)
  assert.ok(result.ok && key.ok)
  assert.notEqual(result.principal.id, key.principal.id)
  await assert.rejects(
    gateway.installation.keys.create({ name: 'k', principal: result.principal.id, tenant: 't', scopes: ['chat'] }),
    { code: 'invalid_key' },
  )
})

test('where no issuer is configured, a token is no API key', patience, async () => {
  const plain = await openGateway()
  await assertRefused(plain, chatRequest(await issuer.token()), { status: 401, code: 'invalid_api_key' })
  await plain.close()
})

test('an issuer that cannot be reached is 503 and not 401, and API keys go on', patience, async () => {
  stranger.reachable = false
  const alone = await openGateway({
    settings: {
      identity: {
        issuers: [{ issuer: stranger.name, audience: 'holdfast', jwks: { url: stranger.keysUrl, allowPrivate: true } }],
      },
    },
  })
  await assertRefused(alone, chatRequest(await stranger.token()), { status: 503, code: 'identity_unavailable' })
  assert.match(
    alone.reports.join(''),
    /the keys of the issuer .* cannot be fetched, so its tokens are refused .*: it answered 503/,
  )
  await alone.close()
  stranger.reachable = true
})
