// A gateway that lets in the tokens of a real issuer: the official client with a token for its key, keys that rotate
// while it runs, policies that decide by claims, and the command that says why a token is refused.
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import OpenAI, { AuthenticationError, PermissionDeniedError } from 'openai'
import { holdfast, program, type RunningGateway, shell, startServe, temporaryFolder } from './support/holdfast.ts'
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

test('a token can be tested from a pipe, with the keys that its issuer publishes', async (t) => {
  const { cwd, issuer } = await configured(t)
  writeFileSync(join(cwd, 'token'), `${await issuer.token()}\n`)
  const line = `VLLM_API_KEY=x ${program} identity test-token < token`
  deepEqual(await shell(line, cwd), {
    code: 0,
    stdout: `accepted:\n  issuer     ${issuer.name}\n  principal  jwt:${issuer.name}#alice\n  tenant     default\n  scopes     chat\n`,
    stderr: '',
  })
  issuer.reachable = false
  const { code, stdout, stderr } = await shell(line, cwd)
  equal(code, 1)
  match(stderr, /cannot be fetched, .*: it answered 503/)
  match(stdout, /^refused \(token_keys_unavailable\)/)
})

test('keys can come from a file; one that must not be used stops the start and is named', async (t) => {
  const { cwd, issuer } = await configured(t)
  const file = join(cwd, 'holdfast.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^ {6}jwks: .*/m, '      jwks: { document: file:keys.json }'))
  writeFileSync(join(cwd, 'keys.json'), issuer.document())
  const gateway = await started(t, cwd)
  equal((await ask(gateway, await issuer.token())).choices.length, 1)
  equal(issuer.fetches(), 0)
  writeFileSync(join(cwd, 'keys.json'), '{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"shared"}]}')
  const { code, stderr } = await holdfast(['config', 'check'], { cwd, env })
  equal(code, 2)
  match(stderr, /identity\.issuers\[0\]\.jwks: key "shared" is a symmetric key: .*Replace the key/)
})

test('an issuer that is added while the gateway runs is let in from then on', async (t) => {
  const { cwd, issuer } = await configured(t)
  const file = join(cwd, 'holdfast.yaml')
  const whole = readFileSync(file, 'utf8')
  writeFileSync(file, whole.replace(/^identity:[\s\S]*/m, ''))
  const gateway = await started(t, cwd)
  await rejects(ask(gateway, await issuer.token()), AuthenticationError)
  writeFileSync(file, whole)
  equal((await holdfast(['config', 'reload'], { cwd, env })).code, 0)
  equal((await ask(gateway, await issuer.token())).choices.length, 1)
})
