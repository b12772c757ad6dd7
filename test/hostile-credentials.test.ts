// Bad input, groups 3 to 6 and 13: credentials that come twice, look like a good one, or are meant for a database.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openGateway } from './support/gateway.ts'
import { chatRequest, connectRaw } from './support/raw.ts'
import { assertRefusal, assertRefused } from './support/refused.ts'

const gateway = await openGateway()
after(() => gateway.close())
const patience = { timeout: 10_000 }
const { key } = gateway
const unauthorised = { status: 401, code: 'invalid_api_key' }
const other = `hold_${'a'.repeat(59)}`

const twice: Record<string, string[]> = {
  'two Authorization headers, the good one first': [`Authorization: Bearer ${key}`, `Authorization: Bearer ${other}`],
  'two Authorization headers, the good one last': [`Authorization: Bearer ${other}`, `Authorization: Bearer ${key}`],
  'the same Authorization twice': [`Authorization: Bearer ${key}`, `authorization: Bearer ${key}`],
  'Authorization and X-Api-Key': [`Authorization: Bearer ${key}`, `X-Api-Key: ${other}`],
  'Authorization and an empty X-Api-Key': [`Authorization: Bearer ${key}`, 'X-Api-Key:'],
  'Authorization of another scheme and X-Api-Key': ['Authorization: Basic eDp5', `X-Api-Key: ${key}`],
  'two X-Api-Key headers': [`X-Api-Key: ${key}`, `X-Api-Key: ${key}`],
  'X-Api-Key and Api-Key': [`X-Api-Key: ${key}`, `Api-Key: ${key}`],
}
for (const [what, lines] of Object.entries(twice))
  test(`${what}: refused, whichever is good`, patience, () =>
    assertRefused(gateway, chatRequest(key, { headers: { authorization: null }, lines }), {
      ...unauthorised,
      hostile: [key, other],
    }),
  )

const lookAlikes: Record<string, string> = {
  'differs in its last character': key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a'),
  'differs in its first random character': key.replace(/^hold_./, (start) =>
    start === 'hold_a' ? 'hold_b' : 'hold_a',
  ),
  'is one character longer': `${key}a`,
  'is one character shorter': key.slice(0, -1),
  'shares 20 characters with a good one (CVE-2026-35030)': key.slice(0, 20).padEnd(key.length, 'a'),
  'is only the first 20 characters of a good one': key.slice(0, 20),
  'is a good one in capitals': key.toUpperCase(),
  'is a good one with a capital prefix': key.replace('hold_', 'HOLD_'),
  'is a good one with padding': `${key}=`,
  'is a good one without its prefix': key.slice('hold_'.length),
  'is a good one percent-encoded': key.replace('_', '%5f'),
  'is a good one in quotes': `"${key}"`,
  'is a good one and another, with a comma': `${key},${other}`,
  'is a good one and another, with a space': `${key} ${other}`,
  'is a good one followed by a wildcard': `${key}*`,
  'has the form and no owner': other,
  'is the id of a key': gateway.installation.keys.list()[0]?.id ?? '',
  'is 8,193 characters long': 'a'.repeat(8193),
  'is the OpenAI SDK default': 'sk-1234',
  'is a prefix and nothing else': 'hold_',
  'is a wildcard': '*',
  'is two wildcards': '**',
  'is a regular expression': '.*',
  'is a LIKE pattern': 'hold_%',
  'is null': 'null',
  'is undefined': 'undefined',
  'is true': 'true',
  'is the word of a proxy': 'anything',
  'is a JSON object': '{"$ne":null}',
  'is a prototype': '__proto__',
  'is a path': '../../../../etc/passwd',
  'is a JWT without a signature':
    'eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJwIiwidGVuYW50IjoidCIsInNjb3BlcyI6WyJjaGF0Il19.',
  'closes a string of SQL (CVE-2026-42208)': "x'OR'1'='1",
  'ends a statement of SQL': "x';DROP+TABLE+api_keys;--",
  'unites queries': "x'UNION+SELECT+secret+FROM+api_keys--",
  'sleeps in SQL': "x'||pg_sleep(10)--",
  'is a comment of SQL': '/**/',
}
for (const [what, token] of Object.entries(lookAlikes)) {
  test(`a key that ${what} is no key`, patience, async () => {
    const hostile = token.length > 8 ? [token] : []
    for (const headers of [{ authorization: `Bearer ${token}` }, { authorization: null, 'x-api-key': token }])
      await assertRefused(gateway, chatRequest(key, { headers }), { ...unauthorised, hostile })
  })
}

const empty: Record<string, string | null> = {
  'nothing at all': null,
  'an empty value': '',
  'a scheme and nothing else': 'Bearer',
  'a scheme and a space': 'Bearer ',
  'two spaces before the key': `Bearer  ${key}`,
  'a tab before the key': `Bearer\t${key}`,
  'no scheme before the key': key,
  'the scheme twice': `Bearer Bearer ${key}`,
  'the Basic scheme': `Basic ${Buffer.from(`x:${key}`).toString('base64')}`,
  'the Digest scheme': `Digest username="x", response="${key}"`,
  'a scheme that is no word': `: ${key}`,
}
for (const [what, authorization] of Object.entries(empty))
  test(`an Authorization header with ${what} is refused`, patience, () =>
    assertRefused(gateway, chatRequest(key, { headers: { authorization } }), { ...unauthorised, hostile: [key] }),
  )

test('a key in a header that we do not read is no key', patience, async () => {
  const lines = ['Proxy-Authorization', 'Cookie', 'X-Auth-Token', 'X-Goog-Api-Key', 'Openai-Api-Key', 'X-Litellm-Key']
  for (const name of lines)
    await assertRefused(
      gateway,
      chatRequest(key, { headers: { authorization: null }, lines: [`${name}: Bearer ${key}`] }),
      { ...unauthorised, hostile: [key] },
    )
})

test('a key in the body is no key', patience, () =>
  assertRefused(
    gateway,
    chatRequest(key, { headers: { authorization: null }, body: { model: 'test-model', messages: [], api_key: key } }),
    { ...unauthorised, hostile: [key] },
  ),
)

test('a key of bytes beyond ASCII is refused', patience, () =>
  assertRefused(gateway, chatRequest(key, { headers: { authorization: 'Bearer hold_\xe4\xf6\xfc' } }), {
    status: 400,
    code: 'header_value',
  }),
)

test('a revoked key is refused at once, on a connection that it has opened as well', patience, async () => {
  const { keys } = gateway.installation
  const created = await keys.create({ name: 'second', principal: 'p', tenant: 't', scopes: ['chat'] })
  const connection = await connectRaw(gateway.port)
  connection.write(chatRequest(created.secret))
  assert.equal((await connection.read()).status, 200)
  await keys.revoke(created.key.id)
  const again = () => {
    connection.write(chatRequest(created.secret))
    return connection.read()
  }
  await assertRefusal(gateway, again, { ...unauthorised, hostile: [created.secret] })
  connection.socket.destroy()
})

test('a key without the scope may not chat, whatever it and its scopes are called', patience, async () => {
  for (const scopes of [[], ['models'], ['chat2'], ['chat:x'], ['chat.']]) {
    const { secret } = await gateway.installation.keys.create({
      name: 'chat',
      principal: 'chat',
      tenant: 'chat',
      scopes,
    })
    await assertRefused(gateway, chatRequest(secret), { status: 403, code: 'not_authorised', hostile: [secret] })
  }
})

test('no key can be made for a wildcard scope, or one that differs by case or space (CVE-2026-47101)', async () => {
  for (const scope of ['*', 'chat*', 'CHAT', 'chat ', ''])
    await assert.rejects(
      gateway.installation.keys.create({ name: 'k', principal: 'p', tenant: 't', scopes: [scope] }),
      { code: 'invalid_key' },
    )
})
