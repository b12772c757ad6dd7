// Budgets of the program as it is run: killed at any moment, started again, with several workers, asked by a command.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { holdfast, type RunningGateway, startServe, temporaryFolder } from './support/holdfast.ts'
import { chat, chatRequest, sendRaw } from './support/raw.ts'
import { completion, say, sendJson, startUpstream } from './support/upstream.ts'

const patience = { timeout: 60_000 }
const at = ['--config', 'holdfast.yaml']

async function installation(t: TestContext, limits: object) {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const cwd = temporaryFolder(t)
  await run(cwd, 'init', '--upstream', 'vllm')
  writeFileSync(
    join(cwd, 'holdfast.yaml'),
    JSON.stringify({
      listen: { port: 0 },
      upstreams: [{ name: 'test', url: upstream.url, allowPrivate: true }],
      policy: { folder: './policies' },
      limits: { rates: { key: { requests: 1_000_000, per: '1s' } }, concurrency: { key: 1000 }, ...limits },
    }),
  )
  const key = (await run(cwd, 'keys', 'create', '--name', 'k', ...at)).trim()
  const start = async (...args: string[]) => {
    const gateway = await startServe(cwd, {}, args)
    t.after(() => gateway.stop('SIGKILL'))
    return gateway
  }
  return { upstream, cwd, key, start }
}

async function run(cwd: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await holdfast(args, { cwd })
  assert.equal(code, 0, stderr)
  return stdout
}

const ask = async ({ gateway }: RunningGateway, key: string, more: object = {}) =>
  (await sendRaw(Number(new URL(gateway).port), chatRequest(key, { body: chat('Hi.', more) }))).status

const monthly = (budget: object) => ({ budgets: [{ name: 'monthly', per: 'tenant', every: 'month', ...budget }] })

test(
  'a gateway that is killed has forgotten nothing that was spent, and counts what ran as spent in full',
  patience,
  async (t) => {
    const { upstream, cwd, key, start } = await installation(t, monthly({ outputTokens: 1000 }))
    const first = await start()
    for (let i = 0; i < 3; i++) assert.equal(await ask(first, key, { max_tokens: 100 }), 200)
    const arrived = Promise.withResolvers<void>()
    upstream.answer = () => arrived.resolve()
    const lost = ask(first, key, { max_tokens: 900 }).catch(() => 'lost')
    await arrived.promise
    await first.stop('SIGKILL')
    assert.equal(await lost, 'lost')

    // Without a gateway, the command reads the store itself.
    const listed = JSON.parse((await holdfast(['budgets', 'list', '--format', 'json', ...at], { cwd })).stdout)
    const [{ spent }] = listed
    // Of the three answers of 7 tokens, a settlement may not have reached the disk: then it counts as reserved.
    assert.ok(spent >= 900 + 3 * 7 && spent <= 900 + 3 * 100, `${spent}`)

    upstream.answer = say('Hello.')
    const second = await start()
    assert.equal(await ask(second, key, { max_tokens: 100 }), 429)
    assert.equal(upstream.received.length, 4)
  },
)

test('killed again and again under load, a budget for 50 lets 50 through and not one more', patience, async (t) => {
  const { upstream, key, start } = await installation(t, monthly({ requests: 50 }))
  let served = 0
  for (let life = 0; life < 3; life++) {
    const gateway = await start()
    const killedAt = upstream.received.length + 12
    upstream.answer = (_request, response) => {
      sendJson(response, completion('Hello.'))
      if (upstream.received.length === killedAt) process.kill(gateway.pid, 'SIGKILL')
    }
    const statuses = await Promise.all(Array.from({ length: 40 }, () => ask(gateway, key).catch(() => 0)))
    served += statuses.filter((status) => status === 200).length
    await gateway.stop('SIGKILL')
  }
  upstream.answer = say('Hello.')
  const last = await start()
  const statuses = await Promise.all(Array.from({ length: 100 }, () => ask(last, key)))
  served += statuses.filter((status) => status === 200).length
  assert.ok(statuses.includes(429))
  assert.ok(upstream.received.length <= 50 && served <= 50, `${upstream.received.length} reached the upstream`)
})

test('several workers share one budget and one set of places', patience, async (t) => {
  const { upstream, key, start } = await installation(t, monthly({ requests: 10 }))
  const gateway = await start('--workers', '2')
  const statuses = await Promise.all(Array.from({ length: 60 }, () => ask(gateway, key)))
  assert.equal(statuses.filter((status) => status === 200).length, 10)
  assert.equal(statuses.filter((status) => status === 429).length, 50)
  assert.equal(upstream.received.length, 10)
})

test('budgets list and show say what is left, of a running gateway too', patience, async (t) => {
  const { cwd, key, start } = await installation(t, {
    ...monthly({ requests: 2, cost: 0.5 }),
    prices: [{ models: ['*'], input: 1, output: 2 }],
  })
  assert.equal(await run(cwd, 'budgets', 'list', ...at), 'nothing was asked for under a budget in the windows of now\n')
  const gateway = await start()
  assert.equal(await ask(gateway, key), 200)
  const table = await run(cwd, 'budgets', 'list', ...at)
  assert.match(table, /^BUDGET +PER +SUBJECT +UNIT +EVERY +SPENT +RESERVED +LEFT +LIMIT\n/)
  assert.match(table, /^monthly +tenant +default +requests +month +1 +0 +1 +2$/m)
  assert.match(table, /^monthly +tenant +default +cost +month +0\.000019 +0\.000000 +0\.499981 +0\.500000$/m)
  assert.equal(await ask(gateway, key), 200)
  const { code, stdout } = await holdfast(['budgets', 'show', 'monthly', '--subject', 'default', ...at], { cwd })
  assert.equal(code, 1)
  assert.match(stdout, /^monthly: requests a month, per tenant default\n {2}limit {5}2\n {2}spent {5}2\n/m)
  const missing = await holdfast(['budgets', 'show', ...at], { cwd })
  assert.deepEqual([missing.code, missing.stdout], [2, ''])
})
