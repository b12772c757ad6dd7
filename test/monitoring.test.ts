// Health, metrics and lines on stderr of gateways that run: what is told is what happened, to whoever may ask, and
// nothing of anybody.
import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { diskFiles, type LogFiles } from '#audit'
import { ensurePolicies, readPolicies, settingsSchema, startHoldfast, systemWorld } from '#server'
import { metrics as catalogue } from '../src/server/metrics/catalogue.ts'
import { type Exposition, readExposition } from './support/exposition.ts'
import { childrenOf, holdfast, root, temporaryFolder } from './support/holdfast.ts'
import { tableRows } from './support/markdown.ts'
import { chat, chatRequest, connectRaw, sendRaw } from './support/raw.ts'
import { type Served, type ServedOptions, startServed } from './support/served.ts'
import { sendJson, startUpstream, streamOf } from './support/upstream.ts'

const operations = 'operations: { port: 0 }'
const patience = { timeout: 60_000 }

for (const workers of ['1', '2'])
  test(`what is counted is what was sent, --workers ${workers}`, patience, async (t) => {
    const served = await startWatched(t, { args: ['--workers', workers] })
    for (let count = 0; count < 7; count++) equal(await served.status(), 200)
    for (let count = 0; count < 3; count++) equal(await served.status('hold_wrong'), 401)
    const found = await metricsOnce(served, (each) => each.sum('holdfast_requests_total') === 10)
    const good = { operation: 'chat', code: 'ok', status: '2xx', upstream: 'test' }
    equal(found.value('holdfast_requests_total', good), 7)
    equal(found.sum('holdfast_refusals_total', { stage: 'identify' }), 3)
    equal(found.sum('holdfast_upstream_attempts_total', { upstream: 'test', result: '2xx' }), 7)
    equal(found.value('holdfast_request_duration_seconds_count', { operation: 'chat' }), 10)
    equal(found.value('holdfast_overhead_seconds_count', { operation: 'chat' }), 7)
    equal(found.value('holdfast_stage_duration_seconds_count', { stage: 'identify' }), 10)
    equal(found.sum('holdfast_exchanges'), 0)
    equal(found.value('holdfast_ready'), 1)
    equal(found.value('holdfast_workers'), workers === '1' ? 0 : 2)
    ok((found.value('holdfast_log_entries') ?? 0) >= 17)
    ok(found.sum('process_resident_memory_bytes') > 50e6)
  })

test('what a worker has counted outlives it', { ...patience, skip: process.platform !== 'linux' }, async (t) => {
  const served = await startWatched(t, { args: ['--workers', '2'] })
  for (let count = 0; count < 6; count++) equal(await served.status(), 200)
  await served.control.restart()
  equal(await served.status(), 200)
  await metricsOnce(served, (each) => each.sum('holdfast_requests_total', { code: 'ok' }) === 7)
  const [victim = 0] = childrenOf(served.gateway.pid)
  process.kill(victim, 'SIGKILL')
  const found = await metricsOnce(served, (each) => each.sum('holdfast_worker_restarts_total', { cause: 'died' }) === 1)
  equal(found.sum('holdfast_requests_total', { code: 'ok' }), 7)
  equal(found.sum('holdfast_worker_restarts_total', { cause: 'asked' }), 2)
})

test('a stream shows while it runs, and metrics are served meanwhile', patience, async (t) => {
  const served = await startWatched(t)
  const pieces = streamOf(['One ', 'two.'])
  const held = Promise.withResolvers<void>()
  served.upstream.answer = async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(pieces[0])
    await held.promise
    response.end(pieces.slice(1).join(''))
  }
  const connection = await connectRaw(served.port)
  connection.write(chatRequest(served.key, { body: chat('Go on.', { stream: true }) }))
  const during = await metricsOnce(served, (each) => each.sum('holdfast_streams') === 1)
  equal(during.sum('holdfast_exchanges'), 1)
  equal(during.sum('holdfast_connections'), 1)
  equal(during.value('holdfast_leases'), 1)
  held.resolve()
  await connection.read()
  connection.socket.destroy()
  const after = await metricsOnce(served, (each) => each.sum('holdfast_streams') === 0)
  equal(after.value('holdfast_first_byte_seconds_count', { operation: 'chat' }), 1)
})

test('tokens and their cost are counted by model, and budgets by how much is used', patience, async (t) => {
  const limits = `limits:
  prices: [{ models: [test-model], input: 1000000, output: 2000000 }]
  budgets: [{ name: month, per: key, every: month, tokens: 1000000 }]`
  const served = await startWatched(t, { yaml: limits })
  served.upstream.answer = (_, response) =>
    sendJson(response, {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'test-model',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Well.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 60, completion_tokens: 40, total_tokens: 100 },
    })
  equal(await served.status(), 200)
  const found = await metricsOnce(served, (each) => each.sum('holdfast_tokens_total', { kind: 'output' }) === 40)
  equal(found.value('holdfast_tokens_total', { model: 'test-model', kind: 'input' }), 60)
  equal(found.value('holdfast_cost_total', { model: 'test-model' }), 140)
  equal(found.value('holdfast_budget_used_ratio', { budget: 'month', unit: 'tokens', period: 'month' }), 0.0001)
})

test('whatever clients send, the number of series is bounded and none has a text of theirs', patience, async (t) => {
  const served = await startWatched(t)
  const before = await metricsOf(served)
  const send = (parts: Parameters<typeof chatRequest>[1]) =>
    sendRaw(served.port, chatRequest(served.key, { lines: ['connection: close'], ...parts }))
  for (let count = 0; count < 40; count++) {
    const name = `evil-${count}`
    await send({ body: { ...chat('Hi.'), model: name } })
    await send({ start: `POST /v1/${name} HTTP/1.1` })
    await send({ start: `EVIL${count} /v1/chat/completions HTTP/1.1` }).catch(() => {})
    await send({ headers: { authorization: `Bearer ${name}` } })
  }
  const after = await metricsOnce(served, (each) => each.sum('holdfast_requests_total') >= 120)
  ok(after.size < before.size + 400, `${before.size} series before, ${after.size} after`)
  deepEqual([...after.valuesOf('model')], ['other'])
  doesNotMatch(await (await ask(served, '/metrics')).text, /evil/i)
})

test('every metric is documented as the program has it', () => {
  const documented = tableRows(readFileSync(join(root, 'docs/monitoring.md'), 'utf8'), 'Metric')
  const own = Object.values(catalogue).map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help.replace(/\.$/, ''),
  ])
  deepEqual(
    documented.map((row) => row.slice(0, 4)),
    own,
  )
})

test('it is not ready while the circuits of all upstreams are open', patience, async (t) => {
  const upstream = 'health: { failures: 1, openFor: 1h, maxOpenFor: 1h }'
  const served = await startWatched(t, { upstream })
  equal((await ask(served, '/readyz')).status, 200)
  await served.upstream.close()
  ok((await served.status()) >= 500)
  const { text } = await readyOnce(served, 503)
  match(text, /^\[-\] upstreams: 0 of 1 may be called$/m)
  equal((await ask(served, '/readyz')).text, 'not ready: upstreams\n')
  equal((await ask(served, '/livez')).status, 200)
  const found = await metricsOf(served)
  equal(found.value('holdfast_upstream_circuit_state', { state: 'open' }), 1)
  equal(found.value('holdfast_ready'), 0)
  const { code, stdout } = await served.command('health')
  equal(code, 1)
  match(stdout, /not ready\n$/)
})

test('it is not ready while another process holds the store, and is again afterwards', patience, async (t) => {
  const served = await startWatched(t)
  const other = new DatabaseSync(join(served.cwd, 'data', 'holdfast.db'), { timeout: 10_000 })
  other.exec('begin immediate')
  match((await readyOnce(served, 503)).text, /^\[-\] store: /m)
  other.exec('rollback')
  other.close()
  match((await readyOnce(served, 200)).text, /^\[\+\] store: it can be written$/m)
  equal((await served.command('health')).code, 0)
})

test(
  'it is not ready while the disk refuses entries of the log, and finds out by itself that it no longer does',
  patience,
  async (t) => {
    let isFull = false
    const refuse = async (work: () => Promise<void>) => {
      if (isFull) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      await work()
    }
    const logFiles: LogFiles = {
      ...diskFiles,
      async openSynced(path) {
        const file = await diskFiles.openSynced(path)
        return { write: (data, at) => refuse(() => file.write(data, at)), close: () => file.close() }
      },
    }
    const upstream = await startUpstream()
    t.after(() => upstream.close())
    const data = temporaryFolder(t)
    const settings = settingsSchema.parse({
      data,
      listen: { port: 0 },
      operations: { port: 0 },
      upstreams: [{ name: 'test', url: upstream.url, allowPrivate: true }],
      policy: { folder: join(data, 'policies') },
    })
    const policies = await readPolicies(ensurePolicies(settings.policy.folder))
    const running = await startHoldfast({ settings, policies, data }, { ...systemWorld(() => {}), logFiles })
    try {
      const served = { gateway: { operations: running.operationsUrl ?? '' } }
      equal((await ask(served, '/readyz')).status, 200)
      isFull = true
      equal((await sendRaw(Number(new URL(running.url).port), chatRequest('hold_wrong'))).status, 503)
      match((await readyOnce(served, 503)).text, /^\[-\] log: the disk refuses entries$/m)
      isFull = false
      await readyOnce(served, 200)
      ok((await metricsOf(served)).sum('holdfast_log_appends_total', { result: 'failed' }) >= 1)
    } finally {
      isFull = false
      await running.close()
    }
  },
)

test('told to stop, it is not ready at once, and serves until balancers have turned away', patience, async (t) => {
  const served = await startWatched(t, { yaml: 'shutdownDelay: 3s' })
  const stopped = served.gateway.stop('SIGTERM')
  match((await readyOnce(served, 503)).text, /^\[-\] serving: it is about to stop$/m)
  equal(await served.status(), 200)
  equal(await stopped, 0)
})

test('a refused configuration is a warning, for an alert and not for the balancer', patience, async (t) => {
  const served = await startWatched(t)
  served.edit((yaml) => `${yaml}unknown: key\n`)
  equal((await served.control.reload('command')).outcome, 'refused')
  const { status, text } = await ask(served, '/readyz?verbose')
  equal(status, 200)
  match(text, /^\[!\] configuration: /m)
  equal((await metricsOf(served)).value('holdfast_configuration_current'), 0)
  served.edit((yaml) => yaml.replace('unknown: key\n', ''))
  await served.control.reload('command')
  equal((await metricsOf(served)).value('holdfast_configuration_current'), 1)
})

test(
  'the listener takes its own paths, methods and names, and the port for traffic has none of them',
  patience,
  async (t) => {
    const yaml = 'operations: { port: 0, hosts: [holdfast.internal], token: secret-of-metrics }'
    const served = await startWatched(t, { yaml })
    const token = { authorization: 'Bearer secret-of-metrics' }
    equal((await ask(served, '/healthz')).status, 200)
    equal((await ask(served, '/livez', { method: 'HEAD' })).text, '')
    for (const path of ['/', '/v1/models', '/metrics/', '//livez', '/livez/../metrics', '/LIVEZ'])
      equal((await ask(served, path)).status, 404, path)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])
      equal((await ask(served, '/livez', { method })).status, 405, method)
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'a b', '[::1'])
      equal((await ask(served, '/livez', { headers: { host } })).status === 200, false, host)
    for (const host of ['localhost', 'LOCALHOST:1', '10.1.2.3:8789', '[::1]:8789', 'holdfast.internal:8789'])
      equal((await ask(served, '/livez', { headers: { host } })).status, 200, host)
    equal((await ask(served, '/metrics')).status, 401)
    equal((await ask(served, '/metrics', { headers: { authorization: 'Bearer wrong' } })).status, 401)
    const { status, text } = await ask(served, '/metrics', { headers: token })
    equal(status, 200)
    readExposition(text)
    doesNotMatch(text, new RegExp(`${served.key}|${served.keyId}|secret-of-metrics`))
    for (const path of ['/metrics', '/readyz', '/livez', '/healthz'])
      equal((await sendRaw(served.port, chatRequest(served.key, { start: `GET ${path} HTTP/1.1` }))).status, 404, path)
  },
)

test('plain HTTP is served on loopback; on a private address when that is allowed; on a public one never', async () => {
  const problem = (operations: object) =>
    settingsSchema.safeParse({
      upstreams: [{ name: 'a', url: 'https://api.example.com/v1' }],
      policy: { folder: '.' },
      operations,
    }).error?.issues[0]?.path
  for (const host of ['127.0.0.1', 'localhost', '::1']) equal(problem({ host }), undefined, host)
  for (const host of ['0.0.0.0', '::', '10.0.0.7', 'fd00::7']) {
    deepEqual(problem({ host }), ['operations', 'host'], host)
    equal(problem({ host, allowHttp: true }), undefined, host)
  }
  for (const host of ['8.8.8.8', '2001:4860:4860::8888', '169.254.169.254', 'holdfast.example'])
    deepEqual(problem({ host, allowHttp: true }), ['operations', 'host'], host)
})

test('lines on stderr are JSON where that is wanted, those of workers too, and nothing in them is secret', {
  ...patience,
  skip: process.platform !== 'linux',
}, async (t) => {
  const yaml = `${operations}\nlogs: { level: info, access: true }`
  const served = await startWatched(t, { yaml, args: ['--workers', '2', '--log-format', 'json'] })
  const body = chat('Write to jane.doe@example.com')
  equal((await sendRaw(served.port, chatRequest(served.key, { body }))).status, 200)
  await served.status('hold_wrong')
  const [victim = 0] = childrenOf(served.gateway.pid)
  process.kill(victim, 'SIGKILL')
  await metricsOnce(served, (each) => each.sum('holdfast_worker_restarts_total') === 1)
  equal(await served.gateway.stop(), 0)
  const lines = served.gateway.stderr().trimEnd().split('\n')
  const told = lines.map((line): Record<string, unknown> => JSON.parse(line))
  for (const { time, level, event, message } of told) {
    match(`${time}`, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    ok(['info', 'warn', 'error'].includes(`${level}`))
    match(`${event}`, /^[a-z_]+$/)
    equal(typeof message, 'string')
  }
  const events = told.map(({ event }) => event)
  for (const event of ['started', 'worker_ended', 'stopping', 'stopped']) ok(events.includes(event), event)
  const exchange = told.find(({ event, status }) => event === 'exchange' && status === 200)
  match(`${exchange?.process}`, /^worker-[12]$/)
  doesNotMatch(lines.join('\n'), new RegExp(`${served.key}|jane|hold_wrong|test-model`))
})

test('holdfast health says why it is not well', async (t) => {
  const cwd = temporaryFolder(t)
  const none = await holdfast(['health', '--data', cwd])
  deepEqual([none.code, none.stdout], [1, `no gateway runs on ${cwd}\n`])
  const deaf = await holdfast(['health', '--url', 'http://127.0.0.1:1'])
  equal(deaf.code, 1)
  match(deaf.stdout, /^http:\/\/127\.0\.0\.1:1 does not answer: /)
  equal((await holdfast(['health', '--url', 'ftp://a'])).code, 2)
})

/** With a listener for health and metrics. */
function startWatched(t: TestContext, options: ServedOptions = {}): Promise<Served> {
  const { yaml = '' } = options
  return startServed(t, { ...options, yaml: yaml.includes('operations:') ? yaml : `${operations}\n${yaml}` })
}

interface Watched {
  readonly gateway: { readonly operations?: string }
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

function ask({ gateway }: Watched, path: string, { method = 'GET', headers = {} }: Asked = {}) {
  const { hostname, port } = new URL(gateway.operations ?? '')
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const outgoing = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

async function metricsOf(served: Watched): Promise<Exposition> {
  return readExposition((await ask(served, '/metrics')).text)
}

/** The first that are as wanted: an answer is out a moment before its exchange is over. */
async function metricsOnce(served: Watched, isWanted: (found: Exposition) => boolean): Promise<Exposition> {
  for (;;) {
    const found = await metricsOf(served)
    if (isWanted(found)) return found
  }
}

/** The first answer with that status: one is used again for half a second. */
async function readyOnce(served: Watched, status: number): Promise<{ status: number; text: string }> {
  for (;;) {
    const answer = await ask(served, '/readyz?verbose')
    if (answer.status === status) return answer
  }
}
