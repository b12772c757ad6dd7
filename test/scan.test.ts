// holdfast scan as its users call it: exit codes, formats, policies, the installation, and the templates for CI.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { corpusFile } from './support/corpora.ts'
import { holdfast, program, root, temporaryFolder } from './support/holdfast.ts'

const evil = "cos\nsystem\n(S'touch canary'\ntR."

test('the exit code says what came out, and findings come before what could not be read', async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'empty'), '')
  writeFileSync(join(cwd, 'evil.pkl'), evil)
  writeFileSync(join(cwd, 'cut.pkl'), Buffer.from([0x80, 4, 0x95]))
  const code = async (...args: string[]) => (await holdfast(['scan', ...args], { cwd })).code
  assert.equal(await code('empty'), 0)
  assert.equal(await code('evil.pkl'), 1)
  assert.equal(await code('cut.pkl'), 2)
  assert.equal(await code('.'), 1)
  assert.equal(await code('--fail-on', 'none', 'evil.pkl'), 0)
  assert.equal(await code('nothing'), 2)
  assert.equal(await code('--fail-on', 'bad', 'empty'), 2)
  assert.equal(await code('--policy', 'nothing', 'empty'), 2)
  assert.equal(await code(), 2)
})

test('the JSON is the same byte for byte, with many jobs and with one, and from a cache', async (t) => {
  const cwd = temporaryFolder(t)
  for (let number = 0; number < 12; number++) writeFileSync(join(cwd, `m${number}.pkl`), evil)
  const run = async (...args: string[]) => (await holdfast(['scan', '--format', 'json', ...args, '.'], { cwd })).stdout
  const first = await run('--jobs', '3')
  assert.equal(JSON.parse(first).files.length, 12)
  assert.equal(await run('--jobs', '1'), first)
  const cache = `${temporaryFolder(t)}/cache`
  assert.equal(await run('--cache', cache), first)
  assert.equal(await run('--cache', cache), first)
  assert.ok(!existsSync(join(cwd, 'canary')))
})

test('a baseline lets what was there before pass, and nothing that comes after', async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'a.pkl'), evil)
  const run = (...args: string[]) => holdfast(['scan', ...args, '.'], { cwd })
  assert.equal((await run('--write-baseline', `${cwd}.json`)).code, 1)
  copyFileSync(`${cwd}.json`, join(temporaryFolder(t), 'b'))
  assert.equal((await run('--baseline', `${cwd}.json`)).code, 0)
  writeFileSync(join(cwd, 'b.pkl'), evil)
  assert.equal((await run('--baseline', `${cwd}.json`)).code, 1)
})

test('names are trusted only by a policy that is signed by a key that is trusted', async (t) => {
  const cwd = temporaryFolder(t)
  mkdirSync(join(cwd, 'models'))
  writeFileSync(join(cwd, 'models', 'm.pkl'), "cacme.models\nbuild\n(S'x'\ntR.")
  const run = (...args: string[]) => holdfast(['scan', ...args], { cwd })
  assert.equal((await run('models')).code, 1)
  assert.equal((await run('--learn', 'models', '--out', 'policy.yaml')).code, 0)
  const unsigned = await run('--policy', 'policy.yaml', 'models')
  assert.equal(unsigned.code, 2)
  assert.match(unsigned.stderr, /only a signed policy may/)
  assert.equal((await run('--sign', 'policy.yaml', '--data', 'data')).code, 0)
  assert.equal((await run('--policy', 'policy.yaml', '--trust', 'policy.yaml.pub', 'models')).code, 0)
  writeFileSync(join(cwd, 'policy.yaml'), `${readFileSync(join(cwd, 'policy.yaml'), 'utf8')}# more\n`)
  const changed = await run('--policy', 'policy.yaml', '--trust', 'policy.yaml.pub', 'models')
  assert.match(changed.stderr, /changed after it was signed/)
  assert.equal(changed.code, 2)
})

test('what is found goes into the installation, once for the same content', async (t) => {
  const cwd = temporaryFolder(t)
  for (const name of ['a.pkl', 'b.pkl']) writeFileSync(join(cwd, name), evil)
  for (const _ of ['first', 'again'])
    assert.equal((await holdfast(['scan', 'a.pkl', 'b.pkl', '--data', 'data'], { cwd })).code, 1)
  const { stdout } = await holdfast(['audit', 'tail', '--data', 'data'], { cwd })
  const rules = JSON.parse((await holdfast(['scan', 'a.pkl', '--format', 'json'], { cwd })).stdout).files[0].findings
  assert.equal(stdout.match(/ finding /g)?.length, rules.length, stdout)
})

test('a file on a server is scanned without being written down, and an address inside only when that is said', async (t) => {
  const server = createServer((_, response) => response.end(evil)).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m.pkl`
  const cwd = temporaryFolder(t)
  assert.equal((await holdfast(['scan', address, '--allow-private'], { cwd })).code, 1)
  assert.equal((await holdfast(['scan', address], { cwd })).code, 2)
  const refused = await holdfast(['scan', address.replace('http:', 'https:')], { cwd })
  assert.match(refused.stdout, /is not asked: it is a private address, which needs --allow-private/)
  assert.deepEqual(readdirSync(cwd), [])
})

test('a watched folder is scanned as it changes', async (t) => {
  const cwd = temporaryFolder(t)
  const child = spawn(program, ['scan', '--watch', '.'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  writeFileSync(join(cwd, 'new.pkl'), evil)
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('new.pkl')) break
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  assert.equal(code, 1)
})

const generator = corpusFile('artifacts/gen_dev.py')
test('no malicious case runs anything while it is scanned', {
  skip: 'skip' in generator && generator.skip,
}, async (t) => {
  if (!('path' in generator)) return
  const folder = temporaryFolder(t)
  const calls = join(folder, 'calls')
  await promisify(execFile)('python3', [generator.path, join(folder, 'cases')])
  const before = readdirSync(folder, { recursive: true }).length
  const { stdout } = await promisify(execFile)(
    'strace',
    [
      '-f',
      '-qq',
      '-e',
      'trace=execve,connect',
      '-e',
      'signal=none',
      '-o',
      calls,
      program,
      'scan',
      '--format',
      'json',
      '--fail-on',
      'none',
      join(folder, 'cases', 'malicious'),
    ],
    { maxBuffer: 256 * 1024 ** 2 },
  ).catch((error: { stdout: string }) => error)
  assert.ok(JSON.parse(stdout).files.length > 100)
  assert.equal(readdirSync(folder, { recursive: true }).length, before + 1, 'nothing was written')
  const lines = readFileSync(calls, 'utf8').split('\n')
  const started = lines.flatMap((line) => /execve\("([^"]+)"/.exec(line)?.[1] ?? [])
  assert.deepEqual(
    [...new Set(started.map((path) => path.split('/').at(-1)))].filter((name) => !known.has(name ?? '')),
    [],
  )
  assert.deepEqual(
    lines.filter((line) => /AF_INET/.test(line)),
    [],
  )
})

/** The launcher's own. */
const known = new Set(['holdfast', 'holdfast-node', 'node', 'readlink', 'dirname'])

test("GitHub's action passes its inputs as text, and fails as the scan does", async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'a b.pkl'), evil)
  const action = parse(readFileSync(join(root, 'integrations/github/action.yml'), 'utf8'))
  const step = action.runs.steps.at(-1)
  assert.doesNotMatch(step.run, /\$\{\{/, 'no input is pasted into the script')
  const run = (inputs: Record<string, string>) => {
    const env: Record<string, string> = {}
    for (const [name, value] of Object.entries<string>(step.env))
      env[name] = value.replace(
        /\$\{\{ inputs\.([\w-]+) \}\}/g,
        (_, input) => inputs[input] ?? action.inputs[input].default,
      )
    return promisify(execFile)('bash', ['-c', step.run], {
      cwd,
      env: { ...process.env, ...env, SCAN_PROGRAM: program },
    }).then(
      () => 0,
      (error: { code: number }) => error.code,
    )
  }
  assert.equal(await run({ paths: 'a b.pkl\n$(touch canary)' }), 2)
  assert.equal(await run({ paths: 'a b.pkl' }), 1)
  assert.equal(JSON.parse(readFileSync(join(cwd, 'holdfast.sarif'), 'utf8')).version, '2.1.0')
  assert.equal(await run({ paths: 'a b.pkl', 'fail-on': 'none' }), 0)
  assert.ok(!existsSync(join(cwd, 'canary')))
})

test("GitLab's template writes the report that it announces", async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'a.pkl'), evil)
  const { 'holdfast-scan': job } = parse(
    readFileSync(join(root, 'integrations/gitlab/holdfast-scan.gitlab-ci.yml'), 'utf8'),
  )
  const env = { ...process.env, ...job.variables, SCAN_PROGRAM: program }
  await assert.rejects(promisify(execFile)('bash', ['-ec', job.script.join('\n')], { cwd, env }), { code: 1 })
  assert.match(readFileSync(join(cwd, job.artifacts.reports.junit), 'utf8'), /failures="1"/)
})

test('the pre-commit hook is a command that the program has', async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'a.pkl'), evil)
  const [hook] = parse(readFileSync(join(root, '.pre-commit-hooks.yaml'), 'utf8'))
  const [command, ...args] = hook.entry.split(' ')
  assert.equal(command, 'holdfast')
  assert.equal((await holdfast([...args, 'a.pkl'], { cwd })).code, 1)
})
