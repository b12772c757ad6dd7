import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { ensurePolicies } from '#server'
import { identity } from './identity.ts'
import { UsageError } from './io.ts'

const issuer = 'https://login.example.com/'
const { publicKey, privateKey } = await generateKeyPair('ES256')
const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] })

/** A folder with a configuration and the issuer's keys, and how to run the command in it. */
function folderWith(t: TestContext, ...lines: readonly string[]) {
  const cwd = mkdtempSync(join(tmpdir(), 'holdfast-identity-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  ensurePolicies(join(cwd, 'policies'))
  writeFileSync(join(cwd, 'keys.json'), keySet)
  const configuration = [
    'upstreams: [{ name: a, url: https://api.example.com/v1 }]',
    'policy: { folder: ./policies }',
    'identity:',
    '  issuers:',
    `    - issuer: ${issuer}`,
    '      audience: holdfast',
    '      jwks: { document: file:keys.json }',
    ...lines.map((line) => `      ${line}`),
  ]
  writeFileSync(join(cwd, 'holdfast.yaml'), configuration.join('\n'))
  const run = async (token: string, ...args: string[]) => {
    writeFileSync(join(cwd, 'token'), `${token}\n`)
    let out = ''
    const print = (text: string) => {
      out += text
    }
    const io = {
      stdout: print,
      stderr: print,
      cwd,
      program: 'holdfast',
      isTerminal: () => false,
      env: () => undefined,
      now: Date.now,
      onSignal: () => {},
      signal: t.signal,
    }
    return { code: await identity(['test-token', 'token', ...args], io), out }
  }
  return { cwd, run }
}

function tokenOf(changes: object = {}, header: object = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return new SignJWT({ iss: issuer, aud: 'holdfast', sub: 'alice', scope: 'models chat', exp: now + 600, ...changes })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k', ...header })
    .sign(privateKey)
}

test('test-token says whom a token speaks for, as policies will see it', async (t) => {
  const { run } = folderWith(t, 'claims: { groups: strings, level: long }', 'tenant: acme')
  const token = await tokenOf({ groups: ['b', 'a'], level: 3 })
  deepEqual(await run(token), {
    code: 0,
    out: [
      'accepted:',
      '  issuer     https://login.example.com/',
      '  principal  jwt:https://login.example.com/#alice',
      '  tenant     acme',
      '  scopes     chat, models',
      '  claim      groups: ["a","b"]',
      '  claim      level: 3',
      '',
    ].join('\n'),
  })
  const { out } = await run(token, '--format', 'json')
  deepEqual(JSON.parse(out).principal.claims, { groups: ['a', 'b'], level: 3 })
})

test('test-token says in plain words why a token is refused', async (t) => {
  const { run } = folderWith(t)
  const wrong: [token: string, said: RegExp][] = [
    [await tokenOf({ aud: 'other' }), /^refused \(token_audience\): it is meant for "other", not for "holdfast"\n$/],
    [await tokenOf({}, { typ: 'JWT' }), /^refused \(token_type\): its type \(typ\) is "JWT", not at\+jwt\n$/],
    [
      await tokenOf({ exp: 1 }),
      /^refused \(token_expired\): it expired at 1970-01-01T00:00:01\.000Z \(exp\), and it is /,
    ],
    [await tokenOf({ iss: 'https://nobody.example' }), /^refused \(token_issuer\): /],
    [
      await tokenOf({}, { kid: 'other' }),
      /^refused \(token_key_unknown\): its issuer publishes no key with its kid\n$/,
    ],
    ['no token at all', /^refused \(token_malformed\): it is not three parts/],
    ['', /^refused \(token_malformed\): /],
  ]
  for (const [token, said] of wrong) {
    const { code, out } = await run(token)
    equal(code, 1)
    match(out, said)
  }
})

test('test-token checks with the keys of a file when it is given one', async (t) => {
  const { cwd, run } = folderWith(t)
  const another = await generateKeyPair('ES256')
  const others = { keys: [{ ...(await exportJWK(another.publicKey)), kid: 'k' }] }
  writeFileSync(join(cwd, 'others.json'), JSON.stringify(others))
  match((await run(await tokenOf(), '--jwks', 'others.json')).out, /^refused \(token_signature\)/)
  writeFileSync(join(cwd, 'others.json'), '{"keys":[{"kty":"oct"}]}')
  await rejects(run(await tokenOf(), '--jwks', 'others.json'), { code: 'key_set' })
})

test('a pseudonym is shown, and the name behind it is not', async (t) => {
  const { run } = folderWith(t, 'pseudonymous: true')
  const { code, out } = await run(await tokenOf())
  equal(code, 0)
  match(out, /principal {2}jwt:https:\/\/login\.example\.com\/#~[0-9a-f]{32}\n/)
  ok(!out.includes('alice'))
})

test('a token that cannot be read, and a configuration without an issuer, are named', async (t) => {
  const { cwd, run } = folderWith(t)
  await rejects(
    run('x', '--jwks', 'none.json'),
    (error) => error instanceof UsageError && /none\.json: ENOENT/.test(error.message),
  )
  writeFileSync(
    join(cwd, 'holdfast.yaml'),
    'upstreams: [{ name: a, url: https://api.example.com/v1 }]\npolicy: { folder: ./policies }\n',
  )
  await rejects(run('x'), /names no issuer under identity\.issuers/)
})
