import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createInspector } from './inspector.ts'
import { alphanumerics, samples } from './samples.ts'
import { secrets } from './secrets.ts'

const inspector = createInspector({
  detectors: [secrets()],
  actions: { request: { secret: 'mask' }, response: {} },
  cacheEntries: 0,
  timeLimitMs: 1000,
  now: () => 0,
})

const secretSamples = samples.filter(({ text }) => find(text).length > 0)

test('at least ten kinds of secret are known', () => {
  assert.ok(new Set(secretSamples.flatMap(({ text }) => find(text).map(({ kind }) => kind))).size >= 10)
})

test('a token is found with its exact span, in prose, code, JSON, a URL and a log line', () => {
  const tokens = samples.filter(({ kind }) => /token|key$|jwt/.test(kind) && !/aws_secret|azure/.test(kind))
  assert.ok(tokens.length >= 12)
  for (const { kind, text: token } of tokens) {
    for (const text of [
      `use ${token}.`,
      `const key = '${token}'`,
      `{"k":"${token}"}`,
      `https://x.example/?k=${token}&a=b`,
      `k=${token}\nnext`,
      `a\\n${token}\\n`,
    ]) {
      const found = find(text).filter((match) => match.kind === kind)
      assert.deepEqual(
        found.map(({ value }) => value),
        [token],
        kind,
      )
    }
  }
})

test('a private key is found in PEM, indented, quoted in code, on one line and with headers', () => {
  const body = [64, 64, 64, 30].map((length) => alphanumerics(length))
  const begin = `-----BEGIN ${'PRIVATE'} KEY-----`
  const end = `-----END ${'PRIVATE'} KEY-----`
  const forms = [
    [begin, ...body, end].join('\n'),
    [begin, ...body, end].join('\r\n    '),
    [begin, ...body, end].join('\\n'),
    [begin, ...body, end].map((line) => `'${line}\\n' +`).join('\n  '),
    [begin, ...body, end].join(' '),
    [begin, 'Proc-Type: 4,ENCRYPTED', 'DEK-Info: AES-256-CBC,00FF', '', ...body, end].join('\n'),
    [begin, ...body].join('\n'), // cut off
  ]
  for (const text of forms) {
    const [match] = find(`before ${text} after`)
    assert.equal(match?.kind, 'private_key')
    for (const line of body) assert.ok(match?.value.includes(line), text)
  }
})

test('a private key that is only spoken of is none', () => {
  const begin = `-----BEGIN ${'PRIVATE'} KEY-----`
  for (const text of [
    `the line "${begin}" comes first`,
    `${begin}\n...\n-----END ${'PRIVATE'} KEY-----`,
    `${begin} must be present in the file`,
    begin,
  ]) {
    assert.deepEqual(find(text), [], text)
  }
})

test('only the password of a URL is reported', () => {
  const url = (password: string) => `postgres://app:${password}@db.example:5432/x`
  assert.deepEqual(
    find(url('s3cr3t')).map(({ value }) => value),
    ['s3cr3t'],
  )
  assert.deepEqual(
    find(url('p@ss:word1')).map(({ value }) => value),
    ['p@ss:word1'],
  )
  for (const text of [
    url('password'),
    url('<password>'),
    url(`$\{PASSWORD}`),
    'https://example.com:8080/x',
    'http://[::1]:80/',
  ]) {
    assert.deepEqual(find(text), [], text)
  }
})

test('a value is a secret by what it is assigned to', () => {
  const random = alphanumerics(32)
  const texts = [
    `DB_PASSWORD=${'tr0ub4dor'}&3`,
    'password: "hunter2hunter"',
    "'password' => 'Tr0ub4dor!'",
    'my password is Hunter2!',
    'Das Passwort lautet Geheim123!',
    'mot de passe : Azerty12!',
    'contraseña: Secreto99',
    'пароль: Qwerty123',
    '密码：Abc12345',
    `"client_secret": "${random}"`,
    `X-Api-Key: ${random}`,
    `Authorization: Bearer ${random}`,
    `access_token=${random}&scope=all`,
  ]
  for (const text of texts) assert.equal(find(text)[0]?.kind, 'assigned_secret', text)
  assert.equal(find(`access_token=${random}&scope=all`)[0]?.value, random)
})

test('code, names, references, placeholders and examples are no secrets', () => {
  const negatives = [
    'password: string',
    'password = getPassword2()',
    'token = os.environ["TOKEN"]',
    'const token = process.env.TOKEN2',
    `password: $\{DB_PASSWORD1}`,
    'password: {{ .Values.password1 }}',
    'api_key: <your-api-key-1>',
    'token: your-token-goes-here-123456',
    'secretName: my-secret-v2',
    'max_tokens=4096 and token_count: 12345678901234567',
    'the secret to success is hard work',
    'password=changeme1',
    'password: ********',
    'exports.exchangeX509Token = exchangeX509Token',
    "SUBJECT_TOKEN = 'urn:ietf:params:oauth:token-type:x509'",
    `AKIA${'IOSFODNN7EXAMPLE'}`,
    `${'sk'}-${'x'.repeat(40)}`,
    `${'sk'}-learn-based-model-v2-final-20`,
    'risk-management-system-2024-edition-9',
    `${'ghp'}_${'x'.repeat(36)}`,
    'eyJhbGciOiJub3QgYSBqc29u.e30.x',
    'sha512-Rb5yCkQ9vYtVnUq8QmYvJ6w2Gx0fRzq1n8yA3eVdXkT4hLsWm7pBoZiCjFuEgDr==',
    '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  ]
  for (const text of negatives) assert.deepEqual(find(text), [], text)
})

test('a secret inside base64, hex, percent escapes, or written backwards is found with the span of the code', () => {
  const token = `${'ghp'}_${alphanumerics(36)}`
  for (const [view, code] of [
    ['base64', Buffer.from(`token ${token}`).toString('base64')],
    ['hex', Buffer.from(`token ${token}`).toString('hex')],
    ['percent', encodeURIComponent(token).replace('_', '%5F')],
  ] as const) {
    const [match] = find(`look: ${code} there`)
    assert.equal(match?.kind, 'github_token')
    assert.equal(match?.view, view)
    assert.ok(code.includes(match?.value ?? ' '))
  }
})

function find(text: string): { kind: string; value: string; view: string | undefined }[] {
  const verdicts = inspector.inspect(
    { text, channel: 'user', contentType: 'text', direction: 'request' },
    { tenant: 'acme' },
  )
  assert.ok(!(verdicts instanceof Promise))
  return verdicts.map(({ kind, start, end, view }) => ({ kind, value: text.slice(start, end), view }))
}
