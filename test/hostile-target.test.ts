// Bad input, groups 1, 2 and 7: hosts and request targets that make two readers see two things.
import { after, test } from 'node:test'
import { openGateway } from './support/gateway.ts'
import { chatRequest } from './support/raw.ts'
import { assertRefused, assertServes } from './support/refused.ts'

const gateway = await openGateway()
after(() => gateway.close())
const patience = { timeout: 10_000 }

const hosts: Record<string, string> = {
  'with a path and a fragment (CVE-2026-49468)': 'x/#@evil.test',
  'with a path': 'gateway.test/evil',
  'with userinfo': 'user:pass@evil.test',
  'with a bare at sign': '@evil.test',
  'with a query': 'gateway.test?evil',
  'with a space inside': 'gateway.test evil.test',
  'with a comma': 'gateway.test,evil.test',
  'with a backslash': 'gateway.test\\evil.test',
  'with a percent escape': 'gateway.test%2eevil',
  'with an underscore': 'gate_way.test',
  'with a port that is no number': 'gateway.test:evil',
  'with a port out of range': 'gateway.test:123456',
  'in brackets without an address': '[evil]',
  'in Latin-1': 'gatew\xe4y.test',
  'that is empty': '',
  'of 300 letters': 'a'.repeat(300),
}
for (const [what, host] of Object.entries(hosts))
  test(`a Host ${what} is refused`, patience, () => {
    const code = what === 'in Latin-1' ? 'header_value' : 'host'
    const hostile = host === '' ? [] : [host, 'evil']
    return assertRefused(gateway, chatRequest(gateway.key, { headers: { host } }), { status: 400, code, hostile })
  })

test('a request without a Host is refused', patience, () =>
  assertRefused(gateway, chatRequest(gateway.key, { headers: { host: null } }), { status: 400, code: 'host' }),
)

test('two Hosts are refused, even when they are the same', patience, async () => {
  for (const second of ['evil.test', 'gateway.test'])
    await assertRefused(gateway, chatRequest(gateway.key, { lines: [`Host: ${second}`] }), {
      status: 400,
      code: 'duplicate_header',
      hostile: ['evil'],
    })
})

const targets: Record<string, string> = {
  'that begins with two slashes': '//evil.test/v1/chat/completions',
  'in absolute form': 'http://evil.test/v1/chat/completions',
  'in absolute form, with our own host': 'http://gateway.test/v1/chat/completions',
  'with dot segments': '/v1/x/../chat/completions',
  'with dot segments above the root': '/../v1/chat/completions',
  'with a single dot': '/v1/./chat/completions',
  'with escaped dot segments': '/v1/x/%2e%2e/chat/completions',
  'with escaped dots and slash': '/v1/x/%2e%2e%2fchat/completions',
  'with an escaped slash': '/v1/chat%2fcompletions',
  'with an escaped letter': '/v1/ch%61t/completions',
  'escaped twice': '/v1/ch%2561t/completions',
  'with a backslash': '/v1\\chat\\completions',
  'with an escaped NUL': '/v1/chat/completions%00',
  'with an escaped line feed': '/v1/chat/completions%0a',
  'with a fragment': '/v1/chat/completions#evil',
  'with path parameters': '/v1/chat/completions;evil=1',
  'with a slash at its end': '/v1/chat/completions/',
  'with a doubled slash': '/v1//chat/completions',
  'in capitals': '/V1/Chat/Completions',
  'with a suffix': '/v1/chat/completions.well-known',
  'that has ours inside': '/evil/v1/chat/completions',
  'of an administration': '/admin/keys',
  'of a public document': '/.well-known/openid-configuration',
  'that is a prototype': '/__proto__',
  'of another API': '/v1/responses',
  'of an embedding, with a slash at its end': '/v1/embeddings/',
  'of an embedding, in capitals': '/v1/Embeddings',
  'of an older address of embeddings': '/v1/engines/m/embeddings',
  'of a plain completion, behind another': '/v1/completions/v1/completions',
  'that is a star': '*',
}
for (const [what, target] of Object.entries(targets))
  test(`a target ${what} is refused`, patience, () =>
    assertRefused(gateway, chatRequest(gateway.key, { start: `POST ${target} HTTP/1.1` }), {
      status: 404,
      code: 'not_found',
      hostile: ['evil'],
    }),
  )

const malformedTargets: Record<string, string> = {
  'with a space': '/v1/chat/completions evil',
  'with a NUL': '/v1/chat/completions\0',
  'with a tab': '/v1/chat\t/completions',
  'without a slash': 'v1/chat/completions',
}
for (const [what, target] of Object.entries(malformedTargets))
  test(`a target ${what} is not HTTP, and is refused`, patience, () =>
    assertRefused(gateway, chatRequest(gateway.key, { start: `POST ${target} HTTP/1.1` }), {
      status: 400,
      code: 'malformed_http',
      hostile: ['evil'],
    }),
  )

const queries: Record<string, string> = {
  'with an authority': '?//evil.test/',
  'with a fragment sign inside an escape, and a bracket': '?a[%23]=evil',
  'with a semicolon': '?a;evil',
  'of 300 letters': `?${'a'.repeat(300)}`,
  'in Latin-1': '?\xe4',
}
for (const [what, query] of Object.entries(queries))
  test(`a query ${what} is refused`, patience, () =>
    assertRefused(gateway, chatRequest(gateway.key, { start: `POST /v1/chat/completions${query} HTTP/1.1` }), {
      status: 400,
      code: query.includes('\xe4') ? 'malformed_http' : 'query',
      hostile: ['evil'],
    }),
  )

test('a query opens no public route: the key is still asked for (CVE-2026-59822)', patience, async () => {
  for (const query of ['?x=.well-known', '?path=health', '?api-version=2026-01-01'])
    await assertRefused(
      gateway,
      chatRequest(gateway.key, {
        start: `POST /v1/chat/completions${query} HTTP/1.1`,
        headers: { authorization: null },
      }),
      { status: 401, code: 'invalid_api_key' },
    )
})

test('a key in the query is no key', patience, () =>
  assertRefused(
    gateway,
    chatRequest(gateway.key, {
      start: `POST /v1/chat/completions?api_key=${gateway.key} HTTP/1.1`,
      headers: { authorization: null },
    }),
    { status: 401, code: 'invalid_api_key', hostile: [gateway.key] },
  ),
)

test('other methods are refused', patience, async () => {
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'M-SEARCH'])
    await assertRefused(gateway, chatRequest(gateway.key, { start: `${method} /v1/chat/completions HTTP/1.1` }), {
      status: 405,
      code: 'method',
    })
  await assertServes(gateway)
})
