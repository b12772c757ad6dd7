import assert from 'node:assert/strict'
import { createHmac, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { algorithms } from './algorithms.ts'
import type { TokenRefusalCode } from './refusal.ts'
import {
  commit,
  encode,
  epoch,
  epochSeconds,
  goodClaims,
  issuerName,
  issuerSettings,
  keysOf,
  makeKey,
  verifierOf,
} from './testkit.ts'
import { createTokenVerifier, type TokenVerifier } from './verify.ts'

const [ec, rsa, other] = await Promise.all([makeKey('ES256', 'ec'), makeKey('RS256', 'rsa'), makeKey('ES256', 'ec')])
const verifier = await verifierOf([ec, rsa])

async function refused(token: string, code: TokenRefusalCode, by: TokenVerifier = verifier): Promise<string> {
  const result = await by.authenticate(token)
  assert.equal(result.ok ? 'accepted' : result.reason, code)
  const examination = await by.examine(token)
  assert.ok(!examination.ok)
  assert.equal(examination.code, code)
  return examination.detail
}

async function accepted(token: string, by: TokenVerifier = verifier) {
  const result = await by.authenticate(token)
  assert.ok(result.ok, `refused: ${result.ok ? '' : result.reason}`)
  assert.ok(result.principal.kind === 'jwt')
  return result.principal
}

test('a token speaks for its subject, with its scopes, under an id that no API key can have', async () => {
  const token = await ec.sign(goodClaims({ scope: 'models chat', jti: 't-1' }))
  assert.deepEqual(await accepted(token), {
    kind: 'jwt',
    id: 'jwt:https://login.example.com/#alice',
    tenant: 'default',
    keyId: `sub_${commit('jwt:https://login.example.com/#alice').slice(0, 32)}`,
    name: 'jwt:https://login.example.com/#alice',
    scopes: ['chat', 'models'],
    issuer: issuerName,
    tokenId: 't-1',
    claims: {},
  })
})

for (const alg of algorithms)
  test(`a token signed with ${alg} is verified, and refused once a byte has changed`, async () => {
    const key = await makeKey(alg, 'k')
    const own = await verifierOf([key], { algorithms: [alg] })
    const token = await key.sign(goodClaims())
    await accepted(token, own)
    const [header = '', , signature = ''] = token.split('.')
    await refused(`${header}.${encode(goodClaims({ sub: 'mallory' }))}.${signature}`, 'token_signature', own)
  })

test('any single bit that changes in a token makes it worthless', async () => {
  const token = await ec.sign(goodClaims())
  const bits = fc.integer({ min: 0, max: token.length * 8 - 1 })
  await fc.assert(
    fc.asyncProperty(bits, async (bit) => {
      const bytes = Buffer.from(token, 'latin1')
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const result = await verifier.authenticate(bytes.toString('latin1'))
      assert.equal(result.ok, false)
    }),
    { numRuns: 1500 },
  )
})

test('alg none is refused, however it is written and whatever stands for a signature', async () => {
  for (const alg of ['none', 'None', 'NONE', 'nOnE', ''])
    for (const signature of ['AA', (await ec.sign(goodClaims())).split('.')[2] ?? ''])
      await refused(
        `${encode({ alg, typ: 'at+jwt', kid: 'ec' })}.${encode(goodClaims())}.${signature}`,
        'token_algorithm',
      )
  await refused(`${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(goodClaims())}.`, 'token_malformed')
})

test('a public key is no shared secret (CVE-2026-39999)', async () => {
  const key = createPublicKey({ key: rsa.jwk, format: 'jwk' })
  const secrets = [
    key.export({ format: 'pem', type: 'spki' }),
    key.export({ format: 'pem', type: 'pkcs1' }),
    key.export({ format: 'der', type: 'spki' }),
    JSON.stringify(rsa.jwk),
    Buffer.from(rsa.jwk.n ?? '', 'base64url'),
    '',
  ]
  for (const alg of ['HS256', 'HS384', 'HS512'])
    for (const secret of secrets) {
      const input = `${encode({ alg, typ: 'at+jwt', kid: 'rsa' })}.${encode(goodClaims())}`
      const signature = createHmac(`sha${alg.slice(2)}`, secret)
        .update(input)
        .digest('base64url')
      await refused(`${input}.${signature}`, 'token_algorithm')
    }
  assert.throws(() => issuerSettings({ algorithms: ['HS256'] }))
  assert.throws(() => issuerSettings({ algorithms: ['none'] }))
})

test('a key is used for its own algorithm only', async () => {
  // The header says what the key named in it is not for.
  for (const [alg, kid] of [
    ['RS256', 'ec'],
    ['ES256', 'rsa'],
    ['PS256', 'rsa'],
    ['EdDSA', 'ec'],
  ])
    await refused(await ec.sign(goodClaims(), { alg, kid }), 'token_key_unknown')
  await refused(await ec.sign(goodClaims(), { alg: 'ES384' }), 'token_key_unknown')
})

test('an algorithm that the issuer is not configured for is refused', async () => {
  await refused(await ec.sign(goodClaims()), 'token_algorithm', await verifierOf([ec], { algorithms: ['RS256'] }))
})

test('kid is compared and nothing else: no path, no address, no query, no prototype', async () => {
  const kids = [
    '../../../../dev/null',
    '/dev/null',
    'file:///etc/passwd',
    'https://evil.example/key',
    "x' UNION SELECT 'key'--",
    '$(id)',
    '__proto__',
    'constructor',
    'EC',
    'ec ',
    'ec\0',
    '*',
  ]
  for (const kid of kids) await refused(await ec.sign(goodClaims(), { kid }), 'token_key_unknown')
  for (const kid of ['', 'k'.repeat(257), 1, null, ['ec'], { ec: 1 }])
    await refused(await ec.sign(goodClaims(), { kid }), 'token_malformed')
  await refused(await ec.sign(goodClaims(), { kid: undefined }), 'token_key_ambiguous')
  await accepted(await ec.sign(goodClaims(), { kid: undefined }), await verifierOf([ec]))
})

test('a token brings no key along and no address of one', async () => {
  const certificate = 'MIIB'
  for (const header of [
    { jku: 'https://evil.example/keys' },
    { x5u: 'https://evil.example/certificate' },
    { jwk: other.jwk },
    { x5c: [certificate] },
    { crit: ['exp'], exp: epochSeconds + 60 },
    { crit: [] },
    { b64: false, crit: ['b64'] },
    { b64: true },
    { zip: 'DEF' },
    { cty: 'JWT' },
    { enc: 'A256GCM' },
    { ALG: 'none' },
  ])
    await refused(await other.sign(goodClaims(), header), 'token_header')
  await accepted(await ec.sign(goodClaims(), { x5t: 'abc', 'x5t#S256': 'abc' }))
})

test('an ECDSA signature of zeros is none (CVE-2022-21449)', async () => {
  const [header, payload] = (await ec.sign(goodClaims())).split('.')
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  for (const signature of [
    Buffer.alloc(64),
    Buffer.alloc(64, 0xff),
    Buffer.concat([order, order]),
    Buffer.alloc(1),
    Buffer.from('3006020100020100', 'hex'),
  ])
    await refused(`${header}.${payload}.${signature.toString('base64url')}`, 'token_signature')
})

test('a key that another issuer, or nobody, has published signs nothing here', async () => {
  await refused(await other.sign(goodClaims()), 'token_signature')
  const wrongCurve = await makeKey('ES384', 'ec')
  await refused(await wrongCurve.sign(goodClaims(), { alg: 'ES256' }), 'token_signature')
})

test('two issuers with the same kid keep apart', async () => {
  const second = 'https://second.example.com/'
  const both = createTokenVerifier({
    issuers: [
      { settings: issuerSettings(), keys: await keysOf(ec) },
      { settings: issuerSettings({ issuer: second, tenant: 'acme' }), keys: await keysOf(other) },
    ],
    now: () => epoch,
    commit,
  })
  const first = await accepted(await ec.sign(goodClaims()), both)
  const another = await accepted(await other.sign(goodClaims({ iss: second })), both)
  assert.notEqual(first.id, another.id)
  assert.notEqual(first.keyId, another.keyId)
  assert.deepEqual([first.tenant, another.tenant], ['default', 'acme'])
  await refused(await ec.sign(goodClaims({ iss: second })), 'token_signature', both)
  await refused(await other.sign(goodClaims()), 'token_signature', both)
})

test('an issuer is its exact text', async () => {
  for (const iss of [
    undefined,
    '',
    'https://login.example.com',
    'https://LOGIN.example.com/',
    'https://login.example.com//',
    'https://login.example.com/ ',
    'https://evil.example/#https://login.example.com/',
    [issuerName],
    { toString: issuerName },
    null,
    '__proto__',
  ])
    await refused(await ec.sign(goodClaims({ iss })), 'token_issuer')
})

test('two issuers of the same name are refused when the configuration is read', () => {
  const entry = { issuer: issuerName, audience: 'a', jwks: { url: 'https://login.example.com/keys' } }
  assert.throws(() => issuerSettings({ issuer: 'has#fragment' }), /exact/)
  assert.throws(() => issuerSettings({ audience: undefined }))
  assert.throws(() => issuerSettings({ jwks: {} }), /either url or document/)
  assert.throws(() => issuerSettings({ jwks: { url: 'http://login.example.com/keys' } }), /https/)
  assert.throws(() => issuerSettings({ jwks: { url: 'https://u:p@login.example.com/keys' } }), /credentials/)
  assert.throws(() => issuerSettings({ clockTolerance: '6m' }), /5m/)
  assert.throws(() => issuerSettings({ ...entry, unknownKey: 1 }))
})

test('a token is exactly three parts of canonical base64url', async () => {
  const token = await ec.sign(goodClaims())
  const [header = '', payload = '', signature = ''] = token.split('.')
  for (const text of [
    '',
    '.',
    '..',
    '...',
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${token}.`,
    `.${token}`,
    `${token}.${signature}`,
    `${header}..${signature}`,
    `${header}.${payload} .${signature}`,
    ` ${token}`,
    `${token}\n`,
    `${header}\n.${payload}.${signature}`,
    `${header}.${payload}.${signature}=`,
    token.replaceAll('.', '..'),
    `${header}.${payload}.${signature.replaceAll('_', '/').replaceAll('-', '+')}+`,
    '{"payload":"e30","signatures":[]}',
  ])
    await refused(text, 'token_malformed')
  for (const length of [1, 20, header.length, token.length - 1])
    assert.equal((await verifier.authenticate(token.slice(0, length))).ok, false)
})

test('whatever is sent is an answer and never an error', async () => {
  const json = fc.json({ maxDepth: 3 }).map(encode)
  const part = fc.oneof(
    json,
    fc.base64String(),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('', 'e30', 'W10', 'bnVsbA'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
      const result = await verifier.authenticate(parts.join('.'))
      assert.equal(result.ok, false)
    }),
  )
})

test('a giant token is refused before it is looked at', async () => {
  await refused('a'.repeat(1_000_000), 'token_too_large')
  await refused(await ec.sign(goodClaims({ more: 'x'.repeat(8192) })), 'token_too_large')
})

test('JSON that two parsers could understand in two ways is refused, in both parts', async () => {
  const claims = JSON.stringify(goodClaims())
  for (const text of [
    claims.replace('{', '{"sub":"mallory",'),
    claims.replace('{', '{"\\u0073ub":"mallory",'),
    claims.replace('{', '{"a":{"b":1,"b":2},'),
    claims.replace('{', '{"half":"\\ud800",'),
    `\ufeff${claims}`,
    `${claims}x`,
    `${claims} ${claims}`,
    claims.replace('{', '{"a":NaN,'),
    claims.replace('{', "{'a':1,"),
    `[${claims}]`,
    JSON.stringify(claims),
    'null',
    '',
    claims.replace('{', `{"deep":${'['.repeat(1500)}${']'.repeat(1500)},`),
    claims.replace('{', `{"deep":${'{"a":'.repeat(300)}1${'}'.repeat(300)},`),
  ])
    await refused(await ec.sign(text), 'token_malformed')
  const [, payload, signature] = (await ec.sign(goodClaims())).split('.')
  for (const header of [
    '{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"ec"}',
    '{"alg":"ES256","typ":"at+jwt","kid":"ec"',
    '"ES256"',
    '{"typ":"at+jwt","kid":"ec"}',
    '{"alg":["ES256"],"typ":"at+jwt","kid":"ec"}',
  ])
    await refused(`${encode(header)}.${payload}.${signature}`, 'token_malformed')
  await refused(`${Buffer.from([0xff, 0xfe]).toString('base64url')}.${payload}.${signature}`, 'token_malformed')
})

test('a token must be meant for us, and for nobody else unless that is allowed', async () => {
  for (const aud of [undefined]) await refused(await ec.sign(goodClaims({ aud })), 'token_audience')
  for (const aud of ['other', 'holdfast2', 'hold', 'HOLDFAST', '', [], ['other']])
    await refused(await ec.sign(goodClaims({ aud })), 'token_audience')
  for (const aud of [1, null, { holdfast: true }, [['holdfast']], ['holdfast', 1]])
    await refused(await ec.sign(goodClaims({ aud })), 'token_claims')
  await accepted(await ec.sign(goodClaims({ aud: ['holdfast'] })))
  const shared = await ec.sign(goodClaims({ aud: ['account', 'holdfast'] }))
  assert.match(await refused(shared, 'token_other_audience'), /otherAudiences: allow/)
  await accepted(shared, await verifierOf([ec], { otherAudiences: 'allow' }))
  await accepted(await ec.sign(goodClaims({ aud: ['a', 'b'] })), await verifierOf([ec], { audience: ['a', 'b'] }))
})

test('a time is a whole number of seconds, and exp must be there', async () => {
  await refused(await ec.sign(goodClaims({ exp: undefined })), 'token_claims')
  for (const name of ['exp', 'nbf', 'iat'])
    for (const value of [`${epochSeconds + 60}`, null, true, [epochSeconds], {}, -1, epochSeconds + 0.5, 1e18, ''])
      await refused(await ec.sign(goodClaims({ [name]: value })), 'token_claims')
  const endless = JSON.stringify(goodClaims({ exp: 0 })).replace('"exp":0', '"exp":1e999')
  await refused(await ec.sign(endless), 'token_claims')
})

test('a token is valid from nbf to exp, give or take the tolerance', async () => {
  const now = epochSeconds
  await accepted(await ec.sign(goodClaims({ exp: now - 29 })))
  await refused(await ec.sign(goodClaims({ exp: now - 30 })), 'token_expired')
  await accepted(await ec.sign(goodClaims({ nbf: now + 30 })))
  await refused(await ec.sign(goodClaims({ nbf: now + 31 })), 'token_not_yet_valid')
  await refused(await ec.sign(goodClaims({ iat: now + 31 })), 'token_not_yet_valid')
  const strict = await verifierOf([ec], { clockTolerance: 0, maxAge: '1h' })
  await refused(await ec.sign(goodClaims({ exp: now })), 'token_expired', strict)
  await refused(await ec.sign(goodClaims({ iat: now - 3600 })), 'token_too_old', strict)
  await refused(await ec.sign(goodClaims({ iat: undefined })), 'token_claims', strict)
  await accepted(await ec.sign(goodClaims({ iat: now - 3599 })), strict)
})

test('whose token it was is told for the log when it has expired, and not when its signature is wrong', async () => {
  const late = await verifier.authenticate(await ec.sign(goodClaims({ exp: epochSeconds - 3600 })))
  assert.equal(!late.ok && 'principal' in late && late.principal?.id, 'jwt:https://login.example.com/#alice')
  const forged = await verifier.authenticate(await other.sign(goodClaims({ exp: epochSeconds - 3600 })))
  assert.equal('principal' in forged, false)
})

test('an ID token is no access token', async () => {
  await refused(await ec.sign(goodClaims(), { typ: 'JWT' }), 'token_type')
  await refused(await ec.sign(goodClaims(), { typ: undefined }), 'token_type')
  await refused(await ec.sign(goodClaims(), { typ: 'at+jwt2' }), 'token_type')
  await accepted(await ec.sign(goodClaims(), { typ: 'application/AT+JWT' }))
  const lax = await verifierOf([ec], { typ: ['JWT', 'missing'] })
  await accepted(await ec.sign(goodClaims(), { typ: 'JWT' }), lax)
  await accepted(await ec.sign(goodClaims(), { typ: undefined }), lax)
  for (const extra of [
    { nonce: 'n' },
    { at_hash: 'h' },
    { c_hash: 'h' },
    { events: {} },
    { typ: 'ID' },
    { typ: 'Refresh' },
    { token_use: 'id' },
  ])
    await refused(await ec.sign(goodClaims(extra), { typ: 'JWT' }), 'token_not_access', lax)
  await accepted(await ec.sign(goodClaims({ typ: 'Bearer', token_use: 'access' }), { typ: 'JWT' }), lax)
})

test('only the applications that are named may use a token, when some are', async () => {
  const chosen = await verifierOf([ec], { clients: ['app'] })
  await accepted(await ec.sign(goodClaims({ azp: 'app' })), chosen)
  await accepted(await ec.sign(goodClaims({ client_id: 'app', azp: 'app' })), chosen)
  for (const claims of [{}, { azp: 'other' }, { client_id: 'other' }, { azp: 'app', client_id: 'other' }])
    await refused(await ec.sign(goodClaims(claims)), 'token_client', chosen)
  await refused(await ec.sign(goodClaims({ azp: ['app'] })), 'token_claims', chosen)
  await refused(await ec.sign(goodClaims({ azp: 'a', client_id: 'b' })), 'token_client')
})

test('a subject is one line of printable characters, and not a name that could pass for another', async () => {
  for (const sub of [
    undefined,
    '',
    1,
    null,
    ['alice'],
    'a'.repeat(256),
    'ali\u0000ce',
    'ali\nce',
    'ali\u202ece',
    'ali\u200bce',
    ' alice',
    'alice ',
  ])
    await refused(await ec.sign(goodClaims({ sub })), 'token_subject')
  const { id } = await accepted(await ec.sign(goodClaims({ sub: 'Zoë 李 🙂' })))
  assert.equal(id, 'jwt:https://login.example.com/#Zoë 李 🙂')
  const byMail = await verifierOf([ec], { subject: 'email' })
  assert.equal((await accepted(await ec.sign(goodClaims({ email: 'a@b.c' })), byMail)).id, `jwt:${issuerName}#a@b.c`)
})

test('a pseudonymous subject is known by a commitment everywhere, and so is the id of its token', async () => {
  const hidden = await verifierOf([ec], { pseudonymous: true })
  const principal = await accepted(await ec.sign(goodClaims({ jti: 'token-of-alice' })), hidden)
  assert.ok(!JSON.stringify(principal).includes('alice'))
  assert.match(principal.id, /^jwt:https:\/\/login\.example\.com\/#~[0-9a-f]{32}$/)
  assert.equal((await accepted(await ec.sign(goodClaims({ jti: 'x' })), hidden)).id, principal.id)
  assert.notEqual((await accepted(await ec.sign(goodClaims({ sub: 'bob' })), hidden)).id, principal.id)
})

test('a tenant comes from the configuration, or from a claim that names an allowed one', async () => {
  assert.equal(
    (await accepted(await ec.sign(goodClaims({ tid: 'x' })), await verifierOf([ec], { tenant: 'acme' }))).tenant,
    'acme',
  )
  const claimed = await verifierOf([ec], { tenant: { claim: 'tid', allowed: ['acme', 'beta'] } })
  assert.equal((await accepted(await ec.sign(goodClaims({ tid: 'beta' })), claimed)).tenant, 'beta')
  for (const tid of [undefined, 'gamma', 'ACME', '', ['acme'], 1, '__proto__'])
    await refused(await ec.sign(goodClaims({ tid })), 'token_tenant', claimed)
})

test('scopes come from a text or a list, each once', async () => {
  const scp = await verifierOf([ec], { scopes: 'scp' })
  assert.deepEqual((await accepted(await ec.sign(goodClaims({ scp: ['b', 'a', 'b'] })), scp)).scopes, ['a', 'b'])
  assert.deepEqual((await accepted(await ec.sign(goodClaims({ scp: 'Chat.Read  a' })), scp)).scopes, ['Chat.Read', 'a'])
  assert.deepEqual((await accepted(await ec.sign(goodClaims()), scp)).scopes, [])
  for (const list of [
    1,
    { chat: true },
    [['chat']],
    [1],
    'cha"t',
    'ch\u00e4t',
    ['a b'],
    Array.from({ length: 300 }, String),
  ])
    await refused(await ec.sign(goodClaims({ scp: list })), 'token_scopes', scp)
})

test('configured claims keep their type, from inside other claims as well; others are not seen', async () => {
  const claims = {
    department: 'string',
    level: 'long',
    staff: 'boolean',
    groups: 'strings',
    roles: { type: 'strings', from: ['realm_access', 'roles'] },
  }
  const own = await verifierOf([ec], { claims })
  const token = await ec.sign(
    goodClaims({
      department: 'ML',
      level: 3,
      staff: true,
      groups: 'one',
      realm_access: { roles: ['b', 'a'] },
      secret: 'x',
    }),
  )
  assert.deepEqual((await accepted(token, own)).claims, {
    department: 'ML',
    level: 3,
    staff: true,
    groups: ['one'],
    roles: ['a', 'b'],
  })
  assert.deepEqual((await accepted(await ec.sign(goodClaims({ groups: null })), own)).claims, {})
  for (const wrong of [
    { department: 1 },
    { department: 'x'.repeat(1025) },
    { level: '3' },
    { level: 3.5 },
    { level: 2 ** 53 },
    { staff: 'true' },
    { groups: [1] },
    { groups: { a: 1 } },
    { realm_access: { roles: 1 } },
  ])
    await refused(await ec.sign(goodClaims(wrong)), 'token_claim_type', own)
  await accepted(await ec.sign(goodClaims({ realm_access: ['roles'] })), own)
})

test('a required claim has one of its values', async () => {
  const own = await verifierOf([ec], { requiredClaims: { hd: 'example.com', verified: true, group: ['a', 'b'] } })
  const good = { hd: 'example.com', verified: true, group: ['b', 'c'] }
  await accepted(await ec.sign(goodClaims(good)), own)
  for (const wrong of [
    { hd: 'evil.com' },
    { hd: undefined },
    { verified: 'true' },
    { verified: 1 },
    { group: ['c'] },
    { group: [['a']] },
  ])
    await refused(await ec.sign(goodClaims({ ...good, ...wrong })), 'token_required_claim', own)
})

test('a token that was seen is known again until it expires, or until its key is withdrawn', async () => {
  let now = epoch
  const [before, after] = [
    await keysOf(ec).then((source) => source.keys()),
    await keysOf(rsa).then((source) => source.keys()),
  ]
  assert.ok(before && after && !(before instanceof Promise) && !(after instanceof Promise))
  let set = before
  const own = createTokenVerifier({
    issuers: [
      { settings: issuerSettings(), keys: { keys: () => set, renew: () => undefined, keepFresh: async () => {} } },
    ],
    now: () => now,
    commit,
    maxRemembered: 2,
  })
  const token = await ec.sign(goodClaims({ exp: epochSeconds + 60 }))
  const principal = await accepted(token, own)
  const again = own.authenticate(token)
  assert.ok(!(again instanceof Promise) && again.ok && again.principal === principal, 'at once, and the same object')
  // One with the same beginning is another token (CVE-2026-35030).
  await refused(await other.sign(goodClaims({ exp: epochSeconds + 60 })), 'token_signature', own)

  set = after
  await refused(token, 'token_key_unknown', own)
  set = before
  now += 90_000
  await refused(token, 'token_expired', own)

  now = epoch
  const many = await Promise.all(['a', 'b', 'c'].map((sub) => ec.sign(goodClaims({ sub }))))
  for (const one of many) await accepted(one, own)
  assert.deepEqual(
    many.map((one) => own.authenticate(one) instanceof Promise),
    [true, false, false],
  )
})

test('one token verified many times at once is the same each time', async () => {
  const token = await ec.sign(goodClaims())
  const results = await Promise.all(Array.from({ length: 50 }, () => verifier.authenticate(token)))
  assert.ok(results.every(({ ok }) => ok))
})
