// A gateway whose store is on PostgreSQL; and one whose store is held by another process, or away: requests that need it
// are refused, nothing that was written is lost, and the service resumes by itself.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, type TestContext, test } from 'node:test'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { holdfast, type RunningGateway, startServe, temporaryFolder } from './support/holdfast.ts'
import { type PostgresServer, password, postgresMissing, startPostgres } from './support/postgres.ts'
import { chat, chatRequest, sendRaw } from './support/raw.ts'
import { startServed } from './support/served.ts'
import { startUpstream } from './support/upstream.ts'

/** A folder with a holdfast.yaml for the test's upstream. */
async function configured(t: TestContext, store = ''): Promise<{ cwd: string; received: { body: string }[] }> {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const cwd = temporaryFolder(t)
  await run(cwd, 'init', '--upstream', 'ollama')
  const file = join(cwd, 'holdfast.yaml')
  const text = readFileSync(file, 'utf8')
    .replace('http://127.0.0.1:11434/v1', upstream.url)
    .replace('port: 8787', 'port: 0')
  writeFileSync(file, text + store)
  return { cwd, received: upstream.received }
}

async function run(cwd: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await holdfast(args, { cwd })
  equal(code, 0, stderr)
  return stdout
}

async function start(t: TestContext, cwd: string): Promise<RunningGateway> {
  const gateway = await startServe(cwd)
  t.after(() => gateway.stop('SIGKILL'))
  return gateway
}

const at = ['--config', 'holdfast.yaml']
const createKey = async (cwd: string) => (await run(cwd, 'keys', 'create', '--name', 'me', ...at)).trim()

/** Asks with a value that has to be masked, and so stored. */
function ask({ gateway }: RunningGateway, key: string, name: string) {
  const messages = [{ role: 'user', content: `Write to ${name}@example.com` }]
  return sendRaw(Number(new URL(gateway).port), chatRequest(key, { body: JSON.stringify({ model: 'm', messages }) }))
}

/** Asks again until the service has resumed; there is no other sign of it. */
async function resumes(gateway: RunningGateway, key: string, name: string): Promise<void> {
  while ((await ask(gateway, key, name)).status !== 200);
}

test('while another process holds the store, what would have to be stored is refused; then the service resumes', async (t) => {
  const { cwd, received } = await configured(t)
  const gateway = await start(t, cwd)
  const key = await createKey(cwd)
  equal((await ask(gateway, key, 'first')).status, 200)

  const other = new DatabaseSync(join(cwd, 'data', 'holdfast.db'), { timeout: 10_000 })
  other.exec('begin immediate')
  const before = received.length
  const refused = await ask(gateway, key, 'second')
  equal(refused.status, 503, refused.body)
  match(refused.body, /not_inspected/)
  equal(received.length, before, 'nothing was forwarded')
  const create = await holdfast(['keys', 'create', '--name', 'you', ...at], { cwd })
  equal(create.code, 2)
  match(create.stderr, /locked/)
  other.exec('rollback')
  other.close()

  equal((await ask(gateway, key, 'third')).status, 200)
  equal(await gateway.stop(), 0)
  equal((await holdfast(['store', 'check', ...at], { cwd })).code, 0)
})

test('with workers too, a budget that cannot be reserved while the store is held refuses; the rest is served', async (t) => {
  const budgets = 'limits:\n  budgets: [{ name: dear, per: tenant, every: day, requests: 100, models: [dear] }]'
  const { control, port, key, cwd, upstream, gateway } = await startServed(t, {
    yaml: budgets,
    args: ['--workers', '2'],
  })
  const askFor = (model: string) => sendRaw(port, chatRequest(key, { body: chat('Hi.', { model }) }))
  equal((await askFor('dear')).status, 200)
  // The first request may still be settling its budget.
  const other = new DatabaseSync(join(cwd, 'data', 'holdfast.db'), { timeout: 10_000 })
  other.exec('begin exclusive')
  const [dear, cheap] = await Promise.all([askFor('dear'), askFor('cheap')])
  deepEqual([dear.status, cheap.status], [503, 200])
  match(dear.body, /not_inspected/)
  other.exec('rollback')
  other.close()
  equal((await askFor('dear')).status, 200)
  equal(upstream.received.length, 3)
  let [budget] = await control.listBudgets()
  // An answer is settled after it has gone out.
  for (let looks = 0; budget?.reserved !== 0 && looks < 1000; looks++) [budget] = await control.listBudgets()
  deepEqual([budget?.spent, budget?.reserved], [2, 0])
  equal(await gateway.stop(), 0)
})

test('a store that another process has for itself stops a start with the reason', async (t) => {
  const { cwd } = await configured(t)
  await createKey(cwd)
  const other = new DatabaseSync(join(cwd, 'data', 'holdfast.db'))
  other.exec('pragma locking_mode = exclusive; begin exclusive')
  const { code, stderr } = await holdfast(['serve'], { cwd })
  equal(code, 2)
  match(stderr, /holdfast\.db cannot be used: another process holds it; stop that process\n$/)
  other.close()
})

describe('with rows on PostgreSQL', { skip: postgresMissing() }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server?.remove())

  const storeAt = (database: string) => `\nstore:\n  url: ${server.urlOf(database)}\n`

  test('serve keeps keys and masked values there, over a restart, and no file beside the log', async (t) => {
    const database = await server.createDatabase()
    const { cwd, received } = await configured(t, storeAt(database))
    const key = await createKey(cwd)
    const first = await start(t, cwd)
    equal((await ask(first, key, 'jane')).status, 200)
    const running = await createKey(cwd)
    equal(await first.stop(), 0)
    const second = await start(t, cwd)
    for (const secret of [key, running]) equal((await ask(second, secret, 'jane')).status, 200)
    equal(await second.stop(), 0)
    ok(received.every(({ body }) => !body.includes('jane@')))
    equal(existsSync(join(cwd, 'data', 'holdfast.db')), false)
    const [{ count } = {}] = await server.query(database, 'select count(*) as count from holdfast.privacy_vault')
    ok(Number(count) > 0)
    equal((await holdfast(['store', 'check', ...at], { cwd })).code, 0)
    ok(!`${first.stdout()}${first.stderr()}${second.stderr()}`.includes('Pa55word'))

    // Who does not say where the rows are must not begin with none.
    const lost = await holdfast(['keys', 'list', '--data', 'data'], { cwd })
    equal(lost.code, 2)
    match(lost.stderr, /on a PostgreSQL server: say with --config/)
  })

  test('while the server is away, what would have to be stored is refused; when it is back the service resumes', async (t) => {
    const database = await server.createDatabase()
    const { cwd, received } = await configured(t, storeAt(database))
    const gateway = await start(t, cwd)
    const key = await createKey(cwd)
    equal((await ask(gateway, key, 'first')).status, 200)
    await server.stop()
    const before = received.length
    const refused = await ask(gateway, key, 'second')
    equal(refused.status, 503, refused.body)
    equal(received.length, before, 'nothing was forwarded')
    // What needs no row is still served: keys are in memory, and the log is not in the store.
    const plain = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'What is a holdfast?' }] })
    equal((await sendRaw(Number(new URL(gateway.gateway).port), chatRequest(key, { body: plain }))).status, 200)
    const check = await holdfast(['store', 'check', ...at], { cwd })
    equal(check.code, 2)
    match(check.stderr, /nothing listens at this address/)
    await server.start()
    await resumes(gateway, key, 'third')
    equal(await gateway.stop(), 0)
    ok(!gateway.stderr().includes(password))
  })

  test('a backup of one kind of store is restored into the other, there and back', async (t) => {
    const [database, second] = [await server.createDatabase(), await server.createDatabase()]
    const identity = await generateIdentity()
    const recipient = await identityToRecipient(identity)
    const { cwd } = await configured(t)
    writeFileSync(join(cwd, 'identity'), identity)
    const original = readFileSync(join(cwd, 'holdfast.yaml'), 'utf8')
    const first = await start(t, cwd)
    const key = await createKey(cwd)
    equal((await ask(first, key, 'jane')).status, 200)
    equal(await first.stop(), 0)
    const rows = (report: string) => JSON.parse(report).rows
    const backup = (file: string) =>
      run(cwd, 'store', 'backup', file, '--recipient', recipient, ...at, '--format', 'json')
    const restore = (file: string) =>
      run(cwd, 'store', 'restore', file, '--identity', 'identity', ...at, '--format', 'json')
    const before = rows(await backup('sqlite.age'))

    const moveTo = (data: string, store: string) =>
      writeFileSync(join(cwd, 'holdfast.yaml'), original.replace('data: ./data', `data: ./${data}`) + store)
    // The rows are not left behind by changing one line.
    writeFileSync(join(cwd, 'holdfast.yaml'), original + storeAt(database))
    match((await holdfast(['serve'], { cwd })).stderr, /holdfast store backup/)

    moveTo('there', storeAt(database))
    deepEqual(rows(await restore('sqlite.age')), before)
    const other = await start(t, cwd)
    equal((await ask(other, key, 'jane')).status, 200)
    const during = JSON.parse(await backup('postgresql.age'))
    equal(during.store, 'postgresql')
    equal(await other.stop(), 0)

    const full = await holdfast(['store', 'restore', 'sqlite.age', '--identity', 'identity', ...at], { cwd })
    match(full.stderr, /there is not empty/)
    moveTo('elsewhere', storeAt(database))
    const taken = await holdfast(['store', 'restore', 'sqlite.age', '--identity', 'identity', ...at], { cwd })
    match(taken.stderr, /the store is not empty/)
    equal(existsSync(join(cwd, 'elsewhere')), false)

    moveTo('back', '')
    deepEqual(rows(await restore('postgresql.age')), during.rows)
    const last = await start(t, cwd)
    equal((await ask(last, key, 'jane')).status, 200)
    equal(await last.stop(), 0)

    // A restore that fails leaves an empty database, into which the next one goes.
    moveTo('again', storeAt(second))
    const since = ['--since', 'back/log/checkpoint']
    const older = await holdfast(['store', 'restore', 'postgresql.age', '--identity', 'identity', ...since, ...at], {
      cwd,
    })
    equal(older.code, 2, older.stdout)
    match(older.stderr, /take back what was published/)
    const [{ state } = {}] = await server.query(second, 'select state from holdfast.holdfast_store')
    equal(state, 'ready')
    // One that was killed leaves its mark; a gateway does not take the store, and the restore begins anew.
    await server.query(
      second,
      "update holdfast.holdfast_store set state = 'restoring:bak_x'; create table holdfast.asset (id text primary key)",
    )
    match((await holdfast(['serve'], { cwd })).stderr, /a restore into it was not finished/)
    const made = await holdfast(['store', 'restore', 'postgresql.age', '--identity', 'identity', ...at], { cwd })
    match(made.stderr, /not empty/, 'the refused start has made its folder')
    moveTo('anew', storeAt(second))
    deepEqual(rows(await restore('postgresql.age')), during.rows)
    equal((await holdfast(['store', 'check', ...at], { cwd })).code, 0)
  })
})
