import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ensurePolicies } from '#server'
import type { CommandIo } from './io.ts'
import { policy } from './policy.ts'

test('the example tests of a new folder pass, exercise every policy, and Cedar agrees', async (t) => {
  const { run } = folder(t)
  const { code, stdout } = await run('test', '--coverage', '100', '--oracle')
  equal(stdout.match(/not exercised/), null, stdout)
  match(stdout, /\n15 passed, 0 failed; 8 of 8 policies exercised\n$/)
  equal(code, 0)
})

test('a folder that is not there, and one without tests, end with code 2', async (t) => {
  const { cwd, run } = folder(t)
  await rejects(run('test', 'nowhere'), /there is no .*nowhere/)
  rmSync(join(cwd, 'policies', 'default.test.yaml'))
  await rejects(run('test'), /there are no tests \(\*\.test\.yaml\) in /)
})

test('a test that fails says what came out, at its line, and the command ends with code 1', async (t) => {
  const { run, edit } = folder(t)
  edit(
    'default.test.yaml',
    'resource: \'Holdfast::Operation::"chat"\', expect: deny }',
    'resource: \'Holdfast::Operation::"chat"\' }',
  )
  const { code, stdout } = await run('test', 'policies/default.test.yaml')
  equal(code, 1)
  match(
    stdout,
    / {2}FAIL {2}the scope decides what a key may call: case 4\n {8}line \d+: expected allow, got deny by no policy\n/,
  )
  const junit = await run('test', '--format', 'junit')
  match(junit.stdout, /<testsuite name="[^"]*default\.test\.yaml" tests="15" failures="1">/)
  match(junit.stdout, /<failure message="expected allow, got deny by no policy">/)
  const json = JSON.parse((await run('test', '--format', 'json')).stdout)
  deepEqual([json.ok, json.reports[0].coverage.ratio], [false, 1])
})

test('coverage below the threshold ends with code 1, and names what is not exercised', async (t) => {
  const { run, edit } = folder(t)
  edit(
    'default.cedar',
    '// An example',
    '@id("new") forbid(principal in Holdfast::Tenant::"evil", action, resource);\n// An example',
  )
  equal((await run('test')).code, 0)
  const { code, stdout } = await run('test', '--coverage', '90')
  equal(code, 1)
  match(stdout, /not exercised: new \(default\.cedar:\d+\)\ncoverage is below 90 %\n$/)
})

test('what is wrong in a test file ends with code 2, at its line and column', async (t) => {
  const { run, edit } = folder(t)
  edit('default.test.yaml', 'expect: allow', 'exepct: allow')
  await rejects(run('test'), /default\.test\.yaml:\d+:5: tests\[0\]\.exepct: unknown key; did you mean expect\?/)
})

test('names from a test file cannot move the cursor or break out of the XML', async (t) => {
  const { run, edit } = folder(t)
  edit(
    'default.test.yaml',
    'name: a key with a scope may use every model',
    'name: "a\\e[2J\\u202e<b attr=\\"x\\">]]>&"',
  )
  const text = (await run('test')).stdout
  const xml = (await run('test', '--format', 'junit')).stdout
  for (const output of [text, xml]) ok(!/[\u001b\u202e]/.test(output))
  match(xml, /name="a\ufffd\[2J\ufffd&#60;b attr=&#34;x&#34;&#62;\]\]&#62;&#38;: case 1"/)
})

test('check says what is wrong with policies and where, and ends with code 1', async (t) => {
  const { run, edit } = folder(t)
  deepEqual((await run('check')).code, 0)
  edit('default.cedar', 'principal.scopes.contains("chat") };', 'principal.scope.contains("chat") };')
  const { code, stdout } = await run('check')
  equal(code, 1)
  match(stdout, /^default\.cedar:\d+:\d+: policy keys-with-the-chat-scope-may-use-every-model: /)
  const json = JSON.parse((await run('check', '--format', 'json')).stdout)
  equal(json.ok, false)
  equal(json.mistakes[0].policy, 'keys-with-the-chat-scope-may-use-every-model')
  await rejects(run('check', 'nowhere'), /does not exist/)
})

test('a file that may be a policy with a wrong name is a warning, and with --strict a mistake', async (t) => {
  const { cwd, run } = folder(t)
  writeFileSync(join(cwd, 'policies', 'more.ceder'), '')
  const { code, stdout } = await run('check')
  equal(code, 0)
  match(stdout, /warning: more\.ceder: ignored/)
  equal((await run('check', '--strict')).code, 1)
})

test('decide answers one question, with the policy that answers it', async (t) => {
  const { cwd, run } = folder(t)
  const key = { type: 'Holdfast::Key', id: 'k' }
  writeFileSync(
    join(cwd, 'entities.json'),
    JSON.stringify([{ uid: key, attrs: { name: 'n', scopes: ['chat'] }, parents: [] }]),
  )
  const ask = (...more: string[]) =>
    run('decide', '--principal', 'Holdfast::Key::"k"', '--entities', 'entities.json', ...more)
  const allowed = await ask('--action', 'call', '--resource', 'Holdfast::Operation::"chat"')
  equal(allowed.code, 0)
  match(allowed.stdout, /^allow\nby keys-with-the-chat-scope-may-chat \(default\.cedar:\d+\)\n {2}@id/)
  const denied = await ask('--action', 'call', '--resource', 'Holdfast::Operation::"other"', '--format', 'json')
  equal(denied.code, 1)
  deepEqual(JSON.parse(denied.stdout).reasons, [])
  const context = '{"stream":true,"tools":false,"data":[],"masked":[]}'
  equal((await ask('--action', 'infer', '--resource', 'Holdfast::Model::"m"', '--context', context)).code, 0)
  await rejects(
    ask('--action', 'veto', '--resource', 'Holdfast::Model::"m"'),
    /there is no action 'veto'; the schema has /,
  )
  await rejects(ask('--action', 'infer', '--resource', 'm'), /--resource takes an entity/)
  await rejects(
    ask('--action', 'infer', '--resource', 'Holdfast::Model::"m"', '--context', '[]'),
    /--context takes a JSON object/,
  )
  await rejects(ask('--action', 'infer', '--resource', 'Holdfast::Model::"m"'), /context/)
})

/** A folder with the default policies, and the command in it. */
function folder(t: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), 'holdfast-policy-'))
  t.after(() => rmSync(cwd, { recursive: true, force: true }))
  ensurePolicies(join(cwd, 'policies'))
  return {
    cwd,
    edit(name: string, from: string, to: string) {
      const path = join(cwd, 'policies', name)
      const text = readFileSync(path, 'utf8')
      ok(text.includes(from), from)
      writeFileSync(path, text.replace(from, to))
    },
    async run(...args: string[]): Promise<{ code: number; stdout: string }> {
      let stdout = ''
      const io: CommandIo = {
        stdout: (text) => {
          stdout += text
        },
        stderr: () => {},
        cwd,
        program: 'holdfast',
        isTerminal: () => false,
        env: () => undefined,
        now: () => 0,
        onSignal: () => {},
        signal: new AbortController().signal,
      }
      const code = await policy(args, io)
      return { code, stdout }
    },
  }
}

async function rejects(running: Promise<unknown>, expected: RegExp): Promise<void> {
  const error = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  ok(error instanceof Error)
  match(error.message, expected)
}
