// A log that is damaged anywhere: the gateway does not go on with it, and says what to do; those who read it are told
// where it is damaged, and nothing of them breaks.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { holdfast, temporaryFolder } from './support/holdfast.ts'
import { startServed } from './support/served.ts'

const served = await startServed({ after: (cleanUp) => after(cleanUp) })
for (let count = 0; count < 3; count++) equal(await served.status(), 200)
equal(await served.gateway.stop(), 0)
const whole = served.cwd
const checkpoint = readFileSync(join(whole, 'data', 'log', 'checkpoint'), 'utf8')

const another = temporaryFolder({ after })
equal((await holdfast(['keys', 'create', '--name', 'x', '--data', join(another, 'data')])).code, 0)

interface Damage {
  readonly to: (log: string) => void
  /** What serve says, in one line. */
  readonly told: RegExp
  /** What verify says: 1 that it is not all right, 2 that it cannot tell. */
  readonly verify: 1 | 2
}

const damages: Record<string, Damage> = {
  'a checkpoint that is cut': {
    to: (log) => truncateSync(join(log, 'checkpoint'), 40),
    told: /the checkpoint of .*log cannot be used: .*; put the folder back from a backup/,
    verify: 2,
  },
  'a checkpoint of zeros': {
    to: (log) => zero(join(log, 'checkpoint')),
    told: /the checkpoint of .*log cannot be used: .*; put the folder back from a backup/,
    verify: 2,
  },
  'an empty checkpoint': {
    to: (log) => writeFileSync(join(log, 'checkpoint'), ''),
    told: /the checkpoint of .*log cannot be used: .*; put the folder back from a backup/,
    verify: 2,
  },
  'the checkpoint of another log': {
    to: (log) => cpSync(join(another, 'data', 'log', 'checkpoint'), join(log, 'checkpoint')),
    told: /the checkpoint of .*log cannot be used: .*; put the folder back from a backup/,
    verify: 1,
  },
  'a tile that is cut': {
    to: (log) => truncateSync(newestIn(join(log, 'tile', '0')), 33),
    told: /the tree in .*log (?:cannot be used: .*; put the folder back|is not what its checkpoint says)/,
    verify: 1,
  },
  'a tile of zeros': {
    to: (log) => zero(newestIn(join(log, 'tile', '0'))),
    told: /the tree in .* is not what its checkpoint says; run 'holdfast audit verify'/,
    verify: 1,
  },
  'entries that are cut': {
    to: (log) => truncateSync(newestIn(join(log, 'tile', 'entries')), 100),
    told: /the tree in .*log cannot be used: .*; put the folder back from a backup/,
    verify: 1,
  },
  'entries that are gone': {
    to: (log) => rmSync(join(log, 'tile', 'entries'), { recursive: true }),
    told: /tile\/entries\/.* is missing/,
    verify: 1,
  },
  'journals that are gone': {
    to(log) {
      for (const name of ['journal.0', 'journal.1']) rmSync(join(log, name))
    },
    told: /journal\.0 and journal\.1 of .* is missing.*put empty files in place of journal\.0 and journal\.1 to go on/,
    verify: 1,
  },
  'public keys that are cut': {
    to: (log) => truncateSync(join(log, 'log.pub'), 20),
    told: /was made with other keys/,
    verify: 2,
  },
}

for (const [what, { to, told, verify }] of Object.entries(damages))
  test(`${what}: no start, with the reason; and readers say so`, { timeout: 30_000 }, async (t) => {
    const { cwd, run } = damaged(t, to)
    const before = contentsOf(cwd)
    const [serve, verified, ...readers] = await Promise.all([
      run('serve'),
      run('audit', 'verify'),
      run('audit', 'tail'),
      run('audit', 'query', '--since', '1h'),
      run('explain', '--last'),
    ])
    deepEqual([serve.code, serve.stdout], [2, ''], serve.stderr)
    match(serve.stderr, /^holdfast: [^\n]*\n$/)
    match(serve.stderr, told)
    equal(verified.code, verify, verified.stdout + verified.stderr)
    for (const { code, stderr } of [verified, ...readers]) {
      ok(code !== null && code <= 2, stderr)
      match(stderr, /^(?:holdfast: [^\n]*\n)?$/, 'one line, and no trace of a broken program')
    }
    deepEqual(contentsOf(cwd), before, 'nothing was repaired behind anybody’s back')
  })

test('damage to the history alone is found, and does not stop the service', { timeout: 30_000 }, async (t) => {
  const { run } = damaged(t, (log) => writeFileSync(join(log, 'checkpoints'), 'x'.repeat(700)))
  const { code, stdout } = await run('audit', 'verify')
  equal(code, 1)
  match(stdout, /history/)
})

test('empty files in place of lost journals let the log go on, and it verifies from the kept checkpoint', {
  timeout: 30_000,
}, async (t) => {
  const { cwd, run } = damaged(t, (log) => {
    for (const name of ['journal.0', 'journal.1']) writeFileSync(join(log, name), '')
  })
  equal((await run('keys', 'create', '--name', 'again')).code, 0)
  writeFileSync(join(cwd, 'kept.checkpoint'), checkpoint)
  const { code, stdout } = await run('audit', 'verify', '--since', 'kept.checkpoint')
  equal(code, 0, stdout)
  match(stdout, /all right/)
})

/** A copy of the installation, with that damage to its log. */
function damaged(t: TestContext, damage: Damage['to']) {
  const cwd = join(temporaryFolder(t), 'copy')
  cpSync(whole, cwd, { recursive: true, filter: (path) => !path.endsWith('.sock') })
  damage(join(cwd, 'data', 'log'))
  return { cwd, run: (...args: string[]) => holdfast([...args, '--config', 'holdfast.yaml'], { cwd }) }
}

function zero(path: string): void {
  writeFileSync(path, Buffer.alloc(readFileSync(path).length))
}

/** The newest file anywhere in a folder. */
function newestIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return (
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .at(-1) ?? 'none'
  )
}

/** The files of the log, the lock aside. */
function contentsOf(cwd: string): Record<string, string> {
  const log = join(cwd, 'data', 'log')
  const files = readdirSync(log, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.startsWith('lock'),
  )
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'base64')]),
  )
}
