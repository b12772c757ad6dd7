import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonSchemaOf } from '#config'
import { upstreamSchema } from './schema.ts'

const openai = { name: 'openai', url: 'https://api.openai.com/v1', key: 'sk-test' }

test('a name, a URL and a key are enough', () => {
  const upstream = upstreamSchema.parse(openai)
  assert.equal(upstream.url.href, 'https://api.openai.com/v1')
  assert.equal(upstream.auth, 'bearer')
  assert.deepEqual(upstream.models, ['*'])
  assert.deepEqual(upstream.timeouts, { connect: 5000, headers: 300_000, idle: 120_000, total: 600_000 })
  assert.equal(upstream.connections, 256)
  assert.equal(String(upstream.key), '[secret]')
})

test('an upstream without a key is called without one', () => {
  assert.equal(upstreamSchema.parse({ name: 'vllm', url: 'https://vllm.example.com/v1' }).auth, 'none')
})

test("an upstream that speaks Anthropic's API gets its key and version as that API wants them", () => {
  const anthropic = { name: 'anthropic', url: 'https://api.anthropic.com/v1', api: 'anthropic', key: 'sk-test' }
  const { auth, anthropic: settings } = upstreamSchema.parse(anthropic)
  assert.deepEqual({ auth, ...settings }, { auth: 'x-api-key', version: '2023-06-01', betas: [] })
  assert.equal(upstreamSchema.parse({ ...anthropic, auth: 'bearer' }).auth, 'bearer')
  assert.equal(upstreamSchema.parse({ ...anthropic, key: undefined }).auth, 'none')
  for (const wrong of [
    { version: 'latest' },
    { version: '2023-06-01\r\nx: y' },
    { betas: ['a,b'] },
    { betas: ['A B'] },
  ])
    assert.throws(() => upstreamSchema.parse({ ...anthropic, anthropic: wrong }))
})

test('a model server on this machine needs allowPrivate, and may then speak plain http', () => {
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', 'ollama.localhost']) {
    const local = { name: 'ollama', url: `http://${host}:11434/v1` }
    assert.match(problems(local), /allowPrivate/, host)
    assert.equal(problems({ ...local, allowPrivate: true }), '', host)
  }
})

test('plain http to another machine must be asked for', () => {
  const inside = { name: 'vllm', url: 'http://10.0.0.5:8000/v1', allowPrivate: true }
  assert.match(problems(inside), /allowHttp/)
  assert.equal(problems({ ...inside, allowHttp: true }), '')
})

test('what could leak a credential or reach the wrong place is refused, without repeating it', () => {
  const refused: object[] = [
    { url: 'https://user:hunter2@api.openai.com/v1' },
    { url: 'ftp://api.openai.com/' },
    { url: 'file:///etc/passwd' },
    { url: 'api.openai.com/v1' },
    { url: 'https://api.openai.com/v1#x' },
    { url: 'https://169.254.169.254/', allowPrivate: true },
    { url: 'https://[::ffff:127.0.0.1]/', allowPrivate: true },
    { url: 'https://10.0.0.1/' },
    { key: 'hunter2\r\nx-evil: 1' },
    { key: 'hunter2', auth: 'none' },
    { key: undefined, auth: 'bearer' },
    { name: '../evil' },
    { models: [] },
    { timeouts: { idle: 0 } },
    { timeouts: { total: '30d' } },
    { connections: 0 },
    { followRedirects: true },
    { headers: { host: 'evil' } },
  ]
  for (const over of refused) {
    const found = problems({ ...openai, ...over })
    assert.notEqual(found, '', JSON.stringify(over))
    assert.ok(!found.includes('hunter2'), found)
  }
})

test('an editor can check an upstream against the JSON Schema', () => {
  const schema = jsonSchemaOf(upstreamSchema)
  assert.ok(JSON.stringify(schema).includes('allowPrivate'))
})

function problems(upstream: object): string {
  const result = upstreamSchema.safeParse(upstream)
  return result.success ? '' : result.error.issues.map((issue) => issue.message).join('; ')
}
