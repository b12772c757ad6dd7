// A gateway that lets in the tokens of a real issuer: the official client with a token for its key, keys that rotate
// while it runs, policies that decide by claims, and the command that says why a token is refused.
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { generateKeyPair, SignJWT } from 'jose'
import OpenAI, { AuthenticationError, PermissionDeniedError } from 'openai'
import { holdfast, type RunningGateway, shell, startServe, temporaryFolder } from './support/holdfast.ts'
import { startIssuer, type TestIssuer } from './support/issuer.ts'
import { startUpstream } from './support/upstream.ts'

interface Setting {
  readonly cwd: string
  readonly issuer: TestIssuer
}

/** holdfast.yaml as `init` writes it, with an issuer. */
async function configured(t: TestContext, lines: readonly string[] = []): Promise<Setting> {
  const [issuer, upstream] = await Promise.all([startIssuer(), startUpstream()])
  t.after(() => issuer.close())
  t.after(() => upstream.close())
  const cwd = temporaryFolder(t)
  const { code, stderr } = await holdfast(['init', '--upstream', 'vllm'], { cwd })
  equal(code, 0, stderr)
  const file = join(cwd, 'holdfast.yaml')
  const text = readFileSync(file, 'utf8')
    .replace('http://127.0.0.1:8000/v1', upstream.url)
    .replace('port: 8787', 'port: 0')
  const identity = [
    'identity:',
    '  issuers:',
    `    - issuer: ${issuer.name}`,
    '      audience: holdfast',
    `      jwks: { url: ${issuer.keysUrl}, allowPrivate: true }`,
    ...lines.map((line) => `      ${line}`),
  ]
  writeFileSync(file, `${text}\n${identity.join('\n')}\n`)
  return { cwd, issuer }
}

const env = { VLLM_API_KEY: 'sk-of-the-server' }

async function started(t: TestContext, cwd: string, ...args: string[]): Promise<RunningGateway> {
  const gateway = await startServe(cwd, env, args)
  t.after(() => gateway.stop('SIGKILL'))
  return gateway
}

function ask({ gateway }: RunningGateway, token: string, model = 'test-model') {
  const client = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: token, maxRetries: 0 })
  return client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi.' }] })
}

const refusedToken = (error: unknown) => error instanceof AuthenticationError && error.code === 'invalid_token'

test('the official client takes a token for its key, and keys rotate without a restart', async (t) => {
  const { cwd, issuer } = await configured(t)
  const gateway = await started(t, cwd)
  const old = await issuer.token()
  equal((await ask(gateway, old)).choices[0]?.message.content, 'Hello.')
  equal((await ask(gateway, await issuer.token({ sub: 'bob' }))).choices.length, 1)
  equal(issuer.fetches(), 1)

  await issuer.rotate()
  equal((await ask(gateway, await issuer.token())).choices.length, 1)
  equal(issuer.fetches(), 2)
  await rejects(ask(gateway, old), refusedToken)

  issuer.reachable = false
  equal((await ask(gateway, await issuer.token({ sub: 'carol' }))).choices.length, 1)
  await rejects(ask(gateway, await issuer.token({ aud: 'other' })), refusedToken)
  equal(await gateway.stop(), 0)
  equal(gateway.stderr(), '')
})

test('each worker checks tokens by itself', async (t) => {
  const { cwd, issuer } = await configured(t)
  const gateway = await started(t, cwd, '--workers', '2')
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => issuer.token().then((token) => ask(gateway, token))),
  )
  ok(answers.every(({ choices }) => choices.length === 1))
  ok(issuer.fetches() <= 2, `${issuer.fetches()} fetches`)
  await rejects(ask(gateway, await issuer.token({ exp: 1 })), refusedToken)
})

test('policies decide by the claims of a token, and by its subject', async (t) => {
  const { cwd, issuer } = await configured(t, ['claims: { groups: strings }'])
  writeFileSync(
    join(cwd, 'policies', 'tokens.cedar'),
    `@id("only-research-uses-large")
forbid (principal is Holdfast::Token, action == Holdfast::Action::"infer", resource)
when { resource.name like "*-large" }
unless { principal.hasTag("groups") && principal.getTag("groups").contains("research") };

@id("mallory-is-out")
forbid (principal in Holdfast::Principal::"jwt:${issuer.name}#mallory", action, resource);
`,
  )
  const gateway = await started(t, cwd)
  const forbidden = (error: unknown) => error instanceof PermissionDeniedError
  await ask(gateway, await issuer.token({ groups: ['research', 'x'] }), 'a-large')
  await ask(gateway, await issuer.token({ groups: ['sales'] }), 'a-small')
  await rejects(ask(gateway, await issuer.token({ groups: ['sales'] }), 'a-large'), forbidden)
  await rejects(ask(gateway, await issuer.token(), 'a-large'), forbidden)
  await rejects(ask(gateway, await issuer.token({ groups: 7 }), 'a-small'), refusedToken)
  await rejects(ask(gateway, await issuer.token({ sub: 'mallory' })), forbidden)
})

test('policies from before there were tokens serve API keys, and say what is missing once an issuer is named', async (t) => {
  const { cwd } = await configured(t)
  const path = join(cwd, 'policies', 'holdfast.cedarschema')
  const schema = readFileSync(path, 'utf8')
    .replace(/^ *entity Token .*\n/m, '')
    .replaceAll('[Key, Token]', '[Key]')
  writeFileSync(path, schema)
  const checked = await holdfast(['config', 'check'], { cwd, env })
  equal(checked.code, 2)
  match(checked.stderr, /identity\.issuers\[0\]: the schema of the policies has no entity type Holdfast::Token/)
  const file = join(cwd, 'holdfast.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^identity:[\s\S]*/m, ''))
  equal((await holdfast(['config', 'check'], { cwd, env })).code, 0)
})

test('a token can be tested before anybody uses it, from a file or a pipe, with the issuer or without', async (t) => {
  const { cwd, issuer } = await configured(t, ['claims: { groups: strings }', 'tenant: acme'])
  const run = (...args: string[]) => holdfast(['identity', 'test-token', ...args], { cwd, env })
  const save = (token: string) => writeFileSync(join(cwd, 'token'), `${token}\n`)
  save(await issuer.token({ groups: ['b', 'a'] }))
  deepEqual(await run('token'), {
    code: 0,
    stdout: `accepted:\n  issuer     ${issuer.name}\n  principal  jwt:${issuer.name}#alice\n  tenant     acme\n  scopes     chat\n  claim      groups: ["a","b"]\n`,
    stderr: '',
  })
  writeFileSync(join(cwd, 'keys.json'), issuer.document())
  issuer.reachable = false
  equal((await run('token', '--jwks', 'keys.json')).code, 0)
  const alone = await run('token')
  equal(alone.code, 1)
  match(alone.stderr, /cannot be fetched, .*: it answered 503/)
  match(alone.stdout, /^refused \(token_keys_unavailable\)/)

  save(await issuer.token({ aud: 'somebody-else' }))
  const refused = await run('token', '--jwks', 'keys.json')
  deepEqual(refused, {
    code: 1,
    stdout: 'refused (token_audience): it is meant for "somebody-else", not for "holdfast"\n',
    stderr: '',
  })
  const json = JSON.parse((await run('token', '--jwks', 'keys.json', '--format', 'json')).stdout)
  equal(json.code, 'token_audience')
  const piped = await shell(
    `VLLM_API_KEY=x ${join(import.meta.dirname, '..', 'bin', 'holdfast')} identity test-token --jwks keys.json < token`,
    cwd,
  )
  equal(piped.stdout, refused.stdout)
  const { privateKey } = await generateKeyPair('ES256')
  save(await new SignJWT({ iss: 'https://nobody.example' }).setProtectedHeader({ alg: 'ES256' }).sign(privateKey))
  match((await run('token')).stdout, /^refused \(token_issuer\): /)
  const missing = await run('no-such-file')
  deepEqual({ code: missing.code, stdout: missing.stdout }, { code: 2, stdout: '' })
  match(missing.stderr, /cannot read .*no-such-file: ENOENT/)
})

test('keys can come from a file; one that must not be used stops the start and is named', async (t) => {
  const { cwd, issuer } = await configured(t)
  const file = join(cwd, 'holdfast.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/jwks: .*/, 'jwks: { document: file:keys.json }'))
  writeFileSync(join(cwd, 'keys.json'), issuer.document())
  const gateway = await started(t, cwd)
  equal((await ask(gateway, await issuer.token())).choices.length, 1)
  equal(issuer.fetches(), 0)
  writeFileSync(join(cwd, 'keys.json'), '{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"shared"}]}')
  const { code, stderr } = await holdfast(['config', 'check'], { cwd, env })
  equal(code, 2)
  match(stderr, /identity\.issuers\[0\]\.jwks: key "shared" is a symmetric key: .*Replace the key/)
})
