import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type AuditLog, apiActivity, entityManagement, openLog } from '#audit'
import { openKeyring } from '#crypto'
import { audit } from './audit.ts'
import type { CommandIo } from './io.ts'
import { UsageError } from './io.ts'

const start = Date.UTC(2026, 10, 20, 8)

test('tail prints the newest entries, one line each', async (t) => {
  const { run } = await installation(t, 30)
  const { code, out } = await run(['tail', '-n', '3'])
  equal(code, 0)
  deepEqual(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/)),
    [
      ['27', '2026-11-20T08:27:00.000Z', 'exchange', 'failure', 'user:mia', 'outcome chat gpt-5 403 policy/no x-13'],
      ['28', '2026-11-20T08:28:00.000Z', 'exchange', 'success', 'user:lea', 'decision chat gpt-5 policy/yes x-14'],
      ['29', '2026-11-20T08:29:00.000Z', 'exchange', 'success', 'user:lea', 'outcome chat gpt-5 200 policy/yes x-14'],
    ],
  )
})

test('tail --follow prints entries as they come, until it is interrupted', async (t) => {
  const { run, log } = await installation(t, 2)
  const seen: string[] = []
  const interrupt = new AbortController()
  const following = run(['tail', '--follow', '--format', 'json'], {
    onSignal: () => {},
    signal: interrupt.signal,
    stdout(text) {
      seen.push(JSON.parse(text).metadata.sequence)
      if (seen.length === 2) void log.append(exchangeEvent(2))
      if (seen.length === 3) interrupt.abort()
    },
  })
  equal((await following).code, 0)
  deepEqual(seen, [0, 1, 2])
})

test('query takes what fits all filters, the newest ones, in the order of the log', async (t) => {
  const { run } = await installation(t, 30)
  const sequences = async (...args: string[]) => {
    const { out } = await run(['query', '--format', 'json', ...args])
    return out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).metadata.sequence)
  }
  deepEqual(await sequences('--limit', '3'), [27, 28, 29])
  deepEqual(await sequences('--exchange', 'x-4'), [8, 9])
  deepEqual(await sequences('--principal', 'user:mia', '--limit', '2'), [26, 27])
  deepEqual(await sequences('--since', '2026-11-20T08:05Z', '--until', '2026-11-20T08:08Z'), [5, 6, 7])
  deepEqual(await sequences('--since', '2m'), [28, 29], 'two minutes before now, which is 08:30')
  deepEqual(await sequences('--status', 'failure', '--until', '2026-11-20T08:05Z'), [2, 3])
  deepEqual(await sequences('--class', '3002'), [])
  deepEqual(await sequences('--limit', '0'), [])
})

test('verify answers 0 for a sound log, and 1 with the entry named for one that was changed', async (t) => {
  const { run, log, data } = await installation(t, 30)
  await log.close()
  const kept = join(data, 'kept-checkpoint')
  copyFileSync(join(data, 'log/checkpoint'), kept)
  const sound = await run(['verify', '--since', kept, '--keys', join(data, 'log/log.pub')])
  equal(sound.code, 0)
  match(sound.out, /^entries +30 under the checkpoint of 2026-11-20T08:30:00.000Z, 0 after it$/m)
  match(sound.out, /^keys +yours$/m)
  match(sound.out, /^since +the first 30 entries/m)
  match(sound.out, /^result +all right$/m)

  const bundle = join(data, 'log/tile/entries/000.p/30')
  writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('x-7', 'x-8'), 'latin1')
  const changed = await run(['verify'])
  equal(changed.code, 1)
  match(changed.out, /NOT all right: 1 problem/)
  match(changed.out, /^ {2}changed +entry 14 was changed$/m)
  const { out } = await run(['verify', '--format', 'json'])
  deepEqual(JSON.parse(out).problems, [{ kind: 'changed', index: 14, message: 'entry 14 was changed' }])
})

test('prove writes a file that verify --proof accepts with the keys alone, and refuses once it is changed', async (t) => {
  const { run, log, data } = await installation(t, 30)
  await log.close()
  const file = join(data, 'entry.tlog-proof')
  equal((await run(['prove', '12', '--out', file])).code, 0)
  equal((await run(['prove', '12'])).out, readFileSync(file, 'utf8'))
  const checked = await run(['verify', '--proof', file, '--keys', join(data, 'log/log.pub'), '--data', '/nowhere'])
  equal(checked.code, 0)
  match(checked.out, /^entry 12 of the log example.test\/log, under its checkpoint of 30 entries:\n\{.*"x-6".*\}\n$/)
  writeFileSync(file, readFileSync(file, 'utf8').replace('index 12', 'index 13'))
  const refused = await run(['verify', '--proof', file])
  equal(refused.code, 1)
  match(refused.out, /does not hold/)
})

test('an entry of the log cannot take over the terminal', async (t) => {
  const { run, log } = await installation(t, 0)
  const name = 'gpt\u001b[2J\u202e\u0007'
  await log.append({ ...exchangeEvent(0), ...{ ai_model: { name, ai_provider: 'x' } } })
  const { out } = await run(['tail'])
  ok(!/[\u001b\u202e\u0007]/.test(out))
  match(out, /gpt\ufffd\[2J\ufffd\ufffd/)
})

test('other events are one line each as well', async (t) => {
  const { run, log } = await installation(t, 0)
  await log.append(
    entityManagement({
      time: start,
      uid: 'e',
      activity: 'create',
      entity: { uid: 'key-1', type: 'api_key' },
      actor: { principal: 'operator' },
      status: 'success',
      message: 'made for the pipeline',
    }),
  )
  match((await run(['tail'])).out, /change +success +operator +create api_key key-1 made for the pipeline\n$/)
})

test('wrong usage and unreadable logs are errors that say what to do', async (t) => {
  const { run } = await installation(t, 1)
  for (const args of [
    [],
    ['show'],
    ['tail', '5'],
    ['tail', '-n', '-1'],
    ['tail', '--nonsense'],
    ['query', '--status', 'fine'],
    ['query', '--since', 'yesterday'],
    ['query', '--class', 'x'],
    ['prove'],
    ['prove', 'x'],
    ['prove', '0', '1'],
    ['verify', '--since', '/nowhere/checkpoint'],
    ['verify', '--format', 'xml'],
  ]) {
    await rejects(run(args), UsageError, args.join(' '))
  }
  for (const args of [['tail'], ['query'], ['verify'], ['prove', '0']]) {
    await rejects(run([...args, '--data', '/nowhere']), /there is no log in/)
  }
  await rejects(run(['prove', '99']), /there is no entry 99/)
  match((await run(['--help'])).out, /holdfast audit tail/)
})

interface Installed {
  readonly data: string
  readonly log: AuditLog
  run(args: readonly string[], io?: Partial<CommandIo>): Promise<{ code: number; out: string }>
}

/** A data folder with a log of `count` entries, one a minute, still open for writing. */
async function installation(t: TestContext, count: number): Promise<Installed> {
  const data = mkdtempSync(join(tmpdir(), 'holdfast-audit-'))
  const keys = openKeyring(join(data, 'keys'), { randomBytes }).signing('log')
  const now = () => start + 30 * 60_000
  const log = await openLog({ dir: join(data, 'log'), origin: 'example.test/log', keys, now })
  t.after(async () => {
    await log.close()
    rmSync(data, { recursive: true })
  })
  for (let number = 0; number < count; number++) await log.append(exchangeEvent(number))
  await log.checkpoint()
  const run = async (args: readonly string[], io: Partial<CommandIo> = {}) => {
    let out = ''
    const stdout = (text: string) => {
      out += text
    }
    const world = {
      stdout,
      stderr: stdout,
      cwd: data,
      program: 'holdfast',
      isTerminal: () => false,
      env: () => undefined,
      now,
      onSignal: () => {},
      signal: t.signal,
      ...io,
    }
    const location = args.includes('--data') ? [] : ['--data', data]
    return { code: await audit([...args, ...location], world), out }
  }
  return { data, log, run }
}

/** Exchanges of two entries each; every second exchange is refused. */
function exchangeEvent(number: number) {
  const exchange = `x-${Math.floor(number / 2)}`
  const isOutcome = number % 2 === 1
  const isAllowed = Math.floor(number / 2) % 2 === 0
  return apiActivity({
    time: start + number * 60_000,
    uid: `${exchange}.${isOutcome ? 'outcome' : 'decision'}`,
    phase: isOutcome ? 'outcome' : 'decision',
    exchange,
    operation: 'chat',
    actor: { principal: isAllowed ? 'user:lea' : 'user:mia' },
    request: { method: 'POST', path: '/v1/chat/completions' },
    responseStatus: isOutcome ? (isAllowed ? 200 : 403) : undefined,
    model: { name: 'gpt-5', provider: 'openai' },
    status: isAllowed ? 'success' : 'failure',
    action: isAllowed ? 'allowed' : 'denied',
    rule: isAllowed ? 'policy/yes' : 'policy/no',
    scan: 'scanned',
  })
}
