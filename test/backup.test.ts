// Backups of an installation from the command line, as an operator makes them: while the gateway serves, onto full disks,
// killed half-way, and back again.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { holdfast, program, startHoldfast, temporaryFolder } from './support/holdfast.ts'
import { chatRequest, sendRaw } from './support/raw.ts'

/** Runs a command that has to succeed; its JSON. */
async function run(cwd: string, ...args: string[]) {
  const { code, stdout, stderr } = await holdfast(args, { cwd })
  equal(code, 0, stderr)
  return args.includes('json') ? JSON.parse(stdout) : stdout
}

const portOf = ({ gateway }: { gateway: string }) => Number(new URL(gateway).port)

async function makeIdentity(cwd: string): Promise<string> {
  const identity = await generateIdentity()
  writeFileSync(join(cwd, 'identity.txt'), `# made for this test\n${identity}\n`, { mode: 0o600 })
  return identityToRecipient(identity)
}

test('a backup under load is whole, and what is restored from it serves with the same keys and goes on with the log', async (t) => {
  const cwd = temporaryFolder(t)
  const recipient = await makeIdentity(cwd)
  const gateway = await startHoldfast(join(cwd, 'data'))
  t.after(() => gateway.stop('SIGKILL'))
  let isOver = false
  const statuses = new Set<number>()
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const content = 'Write to jane.doe@example.com'
        const { status } = await sendRaw(
          portOf(gateway),
          chatRequest(gateway.key, { body: JSON.stringify({ model: 'demo', messages: [{ role: 'user', content }] }) }),
        )
        statuses.add(status)
      }
    }),
  )
  const backup = ['store', 'backup', 'b.age', '--recipient', recipient, '--data', 'data', '--format', 'json']
  const written = await run(cwd, ...backup)
  await run(cwd, 'keys', 'create', '--name', 'later', '--data', 'data')
  isOver = true
  await load
  deepEqual([...statuses], [200])
  equal(await gateway.stop(), 0)
  ok(
    written.entries > 2 && written.rows.privacy_vault > 0 && written.rows.identity_api_keys === 1,
    JSON.stringify(written),
  )
  ok(written.keys >= 3 && written.files === 3)

  const open = ['--identity', 'identity.txt', '--format', 'json']
  const verified = await run(cwd, 'store', 'backup', '--verify', 'b.age', ...open)
  deepEqual({ ...verified, ok: undefined }, { ...written, ok: undefined })
  const restored = await run(cwd, 'store', 'restore', 'b.age', '--data', 'again', ...open)
  equal(restored.entries, written.entries)

  const keys = await run(cwd, 'keys', 'list', '--data', 'again', '--format', 'json')
  deepEqual(
    keys.map(({ name }: { name: string }) => name),
    ['demo'],
  )
  const events = (await holdfast(['audit', 'tail', '-n', '1', '--data', 'again', '--format', 'json'], { cwd })).stdout
  match(events, /restored from this backup/)

  const next = await startHoldfast(join(cwd, 'again'))
  t.after(() => next.stop('SIGKILL'))
  equal((await sendRaw(portOf(next), chatRequest(gateway.key))).status, 200)
  equal(await next.stop(), 0)
  const since = ['--since', 'data/log/checkpoint']
  const verify = await holdfast(['audit', 'verify', '--data', 'again'], { cwd })
  equal(verify.code, 0, verify.stdout)
  // The old installation went on after the backup: to whoever has seen that, the restored one is another history.
  equal((await holdfast(['audit', 'verify', '--data', 'again', ...since], { cwd })).code, 1)
  const refused = await holdfast(
    ['store', 'restore', 'b.age', '--data', 'third', '--identity', 'identity.txt', ...since],
    { cwd },
  )
  equal(refused.code, 2)
  match(refused.stderr, /take back what was published/)
  deepEqual(readdirSync(cwd).sort(), ['again', 'b.age', 'data', 'identity.txt'])
})

test('that a backup was made is in the log, and in the backup', async (t) => {
  const cwd = temporaryFolder(t)
  const recipient = await makeIdentity(cwd)
  await run(cwd, 'keys', 'create', '--name', 'me', '--data', 'data')
  const { id, entries } = await run(
    cwd,
    'store',
    'backup',
    'b.age',
    '--recipient',
    recipient,
    '--data',
    'data',
    '--format',
    'json',
  )
  const last = (await holdfast(['audit', 'tail', '-n', '1', '--data', 'data', '--format', 'json'], { cwd })).stdout
  equal(JSON.parse(last).entity.uid, id)
  equal(JSON.parse(last).metadata.sequence, entries - 1)
})

test('a wrong passphrase, a damaged backup and a wrong command each get their exit code and say what to do', async (t) => {
  const cwd = temporaryFolder(t)
  await run(cwd, 'keys', 'create', '--name', 'me', '--data', 'data')
  writeFileSync(join(cwd, 'right'), 'correct horse battery staple\n')
  writeFileSync(join(cwd, 'wrong'), 'correct horse battery stable\n')
  await run(cwd, 'store', 'backup', 'b.age', '--passphrase-file', 'right', '--data', 'data')
  const bytes = readFileSync(join(cwd, 'b.age'))
  ok(!bytes.includes('identity_api_keys') && !bytes.includes('holdfast-key'))
  writeFileSync(join(cwd, 'cut.age'), bytes.subarray(0, bytes.length - 1))
  const cases: [string[], number, RegExp][] = [
    [['backup', '--verify', 'b.age', '--passphrase-file', 'wrong'], 2, /does not open with this passphrase/],
    [['backup', '--verify', 'cut.age', '--passphrase-file', 'right'], 1, /cut or changed/],
    [['restore', 'b.age', '--passphrase-file', 'right', '--data', 'data'], 2, /not empty; move it away/],
    [['restore', 'none.age', '--passphrase-file', 'right', '--data', 'x'], 2, /no such file/],
    [['backup', 'b.age', '--passphrase-file', 'right', '--data', 'data'], 2, /b\.age exists; it was left/],
    [['backup', 'c.age', '--data', 'data'], 2, /say for whom/],
    [['backup', 'c.age', '--passphrase-file', 'right', '--data', 'none'], 2, /no installation/],
    [['backup', 'none/c.age', '--passphrase-file', 'right', '--data', 'data'], 2, /no such file or folder/],
    [['restore', 'b.age'], 2, /say how to open it/],
    [['backup', '--passphrase-file', 'right'], 2, /say which FILE/],
    [['check', 'b.age'], 2, /unexpected/],
    [['fly'], 2, /say check, migrate, backup or restore/],
  ]
  for (const [args, code, told] of cases) {
    const done = await holdfast(['store', ...args], { cwd })
    equal(done.code, code, args.join(' '))
    match(done.stdout + done.stderr, told)
    ok(!/\n {4}at /.test(done.stderr), done.stderr)
  }
  deepEqual(readdirSync(cwd).sort(), ['b.age', 'cut.age', 'data', 'right', 'wrong'])
})

test('a backup or a restore that is killed leaves nothing that counts, and the next one succeeds', async (t) => {
  const cwd = temporaryFolder(t)
  const recipient = await makeIdentity(cwd)
  await run(cwd, 'keys', 'create', '--name', 'me', '--data', 'data')
  const killedOnce = async (args: string[], begun: string) => {
    const child = spawn(program, args, { cwd, stdio: 'ignore' })
    const exited = once(child, 'exit')
    while (child.exitCode === null && !existsSync(join(cwd, begun)))
      await new Promise((resolve) => setImmediate(resolve))
    child.kill('SIGKILL')
    await exited
  }
  const backup = ['store', 'backup', 'b.age', '--recipient', recipient, '--data', 'data']
  await killedOnce(backup, 'b.age.partial')
  ok(!existsSync(join(cwd, 'b.age')))
  await run(cwd, ...backup)
  const restore = ['store', 'restore', 'b.age', '--identity', 'identity.txt', '--data', 'again']
  await killedOnce(restore, 'again.restoring')
  ok(!existsSync(join(cwd, 'again')))
  await run(cwd, ...restore)
  deepEqual(readdirSync(cwd).sort(), ['again', 'b.age', 'data', 'identity.txt'])
  equal((await holdfast(['store', 'check', '--data', 'again'], { cwd })).code, 0)
})

test('a disk that fills up stops a backup with a reason, and nothing of it is left', async (t) => {
  const cwd = temporaryFolder(t)
  const small = join(cwd, 'small')
  mkdirSync(small)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]).status === 0
  if (!mounted) return t.skip('SKIPPED: only root can make a small disk to fill')
  try {
    const recipient = await makeIdentity(cwd)
    const gateway = await startHoldfast(join(cwd, 'data'))
    t.after(() => gateway.stop('SIGKILL'))
    for (let at = 0; at < 60; at++) equal((await sendRaw(portOf(gateway), chatRequest(gateway.key))).status, 200)
    const backup = await holdfast(['store', 'backup', 'small/b.age', '--recipient', recipient, '--data', 'data'], {
      cwd,
    })
    equal(backup.code, 2)
    match(backup.stderr, /small\/b\.age could not be written, and nothing is left of it: the disk is full/)
    deepEqual(readdirSync(small), [])
    await run(cwd, 'store', 'backup', 'b.age', '--recipient', recipient, '--data', 'data')
    const restore = await holdfast(
      ['store', 'restore', 'b.age', '--identity', 'identity.txt', '--data', 'small/again'],
      { cwd },
    )
    equal(restore.code, 2, restore.stdout)
    match(restore.stderr, /full/)
    deepEqual(readdirSync(small), [])
    equal((await sendRaw(portOf(gateway), chatRequest(gateway.key))).status, 200)
    equal(await gateway.stop(), 0)
  } finally {
    spawnSync('umount', ['-l', small])
  }
})

test('check finds what is wrong with the store, the keys and the log, each by its name', async (t) => {
  const cwd = temporaryFolder(t)
  await run(cwd, 'keys', 'create', '--name', 'me', '--data', 'data')
  const report = await run(cwd, 'store', 'check', '--data', 'data', '--format', 'json')
  deepEqual(
    [report.ok, report.store.kind, report.store.problems, report.keys.problems, report.log.ok],
    [true, 'sqlite', [], [], true],
  )
  equal(await run(cwd, 'store', 'migrate', '--dry-run', '--data', 'data'), 'the store is up to date\n')
  const key = join(cwd, 'data', 'keys', 'log.key')
  const bundle = join(cwd, 'data', 'log', 'tile', 'entries', '000.p', '1')
  for (const [path, told] of [
    [key, /NOT all right\n {2}.*log\.key is not usable/],
    [bundle, /NOT all right/],
    [join(cwd, 'data', 'holdfast.db'), /store: NOT all right\n {2}.*damaged/],
  ] as const) {
    const whole = readFileSync(path)
    const changed = Buffer.from(whole)
    changed.fill(
      0x55,
      Math.floor(whole.length / 2),
      Math.floor(whole.length / 2) + Math.min(8192, Math.floor(whole.length / 4)),
    )
    writeFileSync(path, changed)
    const { code, stdout } = await holdfast(['store', 'check', '--data', 'data'], { cwd })
    equal(code, 1, stdout)
    match(stdout, told)
    writeFileSync(path, whole)
  }
})
