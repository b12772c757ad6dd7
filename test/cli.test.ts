// The command line, as a person meets it: help, wrong usage, a first configuration and what is wrong in it.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { holdfast, root, shell, startServe, temporaryFolder } from './support/holdfast.ts'

const commands = ['up', 'ask', 'init', 'serve', 'config', 'keys', 'audit']
const kinds = [
  { kind: 'openai', variable: 'OPENAI_API_KEY' },
  { kind: 'anthropic', variable: 'ANTHROPIC_API_KEY' },
  { kind: 'azure', variable: 'AZURE_OPENAI_API_KEY' },
  { kind: 'vllm', variable: 'VLLM_API_KEY' },
  { kind: 'ollama', variable: undefined },
] as const

test('every command explains itself', async () => {
  const overview = await holdfast(['--help'])
  equal(overview.code, 0)
  const helps = await Promise.all(commands.map((command) => holdfast([command, '--help'])))
  for (const [at, { code, stdout, stderr }] of helps.entries()) {
    const command = commands[at] ?? ''
    deepEqual({ code, stderr }, { code: 0, stderr: '' }, command)
    ok(stdout.startsWith(`holdfast ${command}: `), stdout)
    ok(overview.stdout.includes(`holdfast ${command} `), `${command} is in the overview`)
    ok(!/.{121}/.test(stdout), `${command}: no line is wider than 120`)
  }
})

test('--version says which program this is', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  deepEqual(await holdfast(['--version']), { code: 0, stdout: `holdfast ${version}\n`, stderr: '' })
})

test('without a command, the overview is wrong usage', async () => {
  const { code, stdout } = await holdfast([])
  equal(code, 2)
  match(stdout, /^holdfast: /)
})

const wrong: readonly [line: string, stderr: RegExp][] = [
  ['bogus', /^no command 'bogus'; see 'holdfast --help'$/],
  ['up --bogus', /^Unknown option '--bogus'; see 'holdfast up --help'$/],
  ['up --port', /argument missing; see 'holdfast up --help'$/],
  ['up --port 99999', /^--port takes a number from 0 to 65534$/],
  ['up extra', /^unexpected 'extra'; see 'holdfast up --help'$/],
  ['up --upstream ftp://host', /^--upstream takes an http or https URL, such as /],
  ['up --data none --upstream http://10.255.0.1', /^--upstream takes plain http to this machine only; use https, /],
  [
    'up --data none --upstream https://u:p@host',
    /^the key of --upstream goes into HOLDFAST_UPSTREAM_KEY, not into it$/,
  ],
  ['up --data none --upstream https://10.1.1.1:x', /^--upstream takes an http or https URL, such as /],
  ['up --data package.json', /package\.json cannot be the data folder: it is a file$/],
  ['ask', /^ask needs a text and --key; see 'holdfast ask --help'$/],
  [
    'ask --key k --url http://127.0.0.1:1 Hi',
    /^nothing answers at http:\/\/127\.0\.0\.1:1\/.*; is the gateway running\?$/,
  ],
  ['init extra', /^unexpected 'extra'; see 'holdfast init --help'$/],
  ['init --upstream bogus', /^--upstream takes openai, anthropic, azure, vllm, ollama$/],
  ['serve --config none.yaml', /none\.yaml:1:1: the configuration cannot be read: it does not exist$/],
  ['serve extra', /^unexpected 'extra'; see 'holdfast serve --help'$/],
  ['config', /^say check, schema or reload; see 'holdfast config --help'$/],
  ['config check extra', /^unexpected 'extra'; see 'holdfast config --help'$/],
  ['keys', /^say create, list or revoke; see 'holdfast keys --help'$/],
  ['keys create', /^keys create needs --name$/],
  ['keys create --name x --expires 0', /^--expires takes whole days, 1 to 3650$/],
  ['keys create --name x --expires 0.001', /^--expires takes whole days, 1 to 3650$/],
  ['keys create --name x --expires 3651', /^--expires takes whole days, 1 to 3650$/],
  ['keys revoke', /^keys revoke needs the id of a key; 'holdfast keys list' shows them$/],
  ['keys list --format xml', /^--format takes text or json, not 'xml'$/],
  ['keys list --data a --config b', /^give --data or --config, not both$/],
  ['keys list --data none', /^there is no installation in .*none; say with --data or --config where it is$/],
  ['audit', /^say tail, query, verify or prove; see 'holdfast audit --help'$/],
  ['audit verify --data none', /^there is no log in .*none\/log$/],
]

test('wrong usage is one line on stderr, and exit code 2', { concurrency: 2 }, async (t) => {
  const checks = wrong.map(([line, expected]) =>
    t.test(`holdfast ${line}`, async () => {
      const { code, stdout, stderr } = await holdfast(line.split(' '), { cwd: root })
      equal(code, 2)
      equal(stdout, '')
      const [first = '', ...rest] = stderr.split('\n')
      deepEqual(rest, [''])
      ok(first.startsWith('holdfast: '), first)
      match(first.slice('holdfast: '.length), expected)
    }),
  )
  await Promise.all(checks)
})

for (const { kind, variable } of kinds)
  test(`init --upstream ${kind} writes a configuration that is right once its key is there`, async (t) => {
    const cwd = temporaryFolder(t)
    const { code, stdout } = await holdfast(['init', '--upstream', kind], { cwd })
    equal(code, 0)
    const check = commandIn(stdout, 'config check')
    if (variable !== undefined) {
      match(stdout, new RegExp(`^ {2}export ${variable}=`, 'm'))
      const { code, stderr } = await shell(`unset ${variable}; ${check}`, cwd)
      equal(code, 2)
      match(
        stderr,
        new RegExp(`holdfast\\.yaml:\\d+:\\d+: upstreams\\[0\\]\\.key: environment variable ${variable} is not set\n$`),
      )
    }
    const checked = await shell(`${variable ?? 'NONE'}=some-key ${check}`, cwd)
    deepEqual({ code: checked.code, stderr: checked.stderr }, { code: 0, stderr: '' })
    match(checked.stdout, /holdfast\.yaml is right: 1 upstream\(s\), 8 policies\n$/)

    const schema = JSON.parse((await holdfast(['config', 'schema'])).stdout)
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
    ok(validate(parse(readFileSync(join(cwd, 'holdfast.yaml'), 'utf8'))), JSON.stringify(validate.errors))

    const again = await holdfast(['init'], { cwd })
    equal(again.code, 2)
    match(again.stderr, /^holdfast: .*holdfast\.yaml exists; it was left as it is\n$/)
  })

test('init --data writes the data folder, which serve --data and config check --data may replace', async (t) => {
  const cwd = temporaryFolder(t)
  for (const [dir, data, written] of [
    ['a', 'a/log', './log'],
    ['b', 'the data', join(cwd, 'the data')],
    ['c', '\u0024{x}', join(cwd, '$\u0024{x}')],
  ]) {
    mkdirSync(join(cwd, dir ?? ''))
    equal((await holdfast(['init', '--upstream', 'ollama', '--dir', `${dir}`, '--data', `${data}`], { cwd })).code, 0)
    equal(parse(readFileSync(join(cwd, `${dir}`, 'holdfast.yaml'), 'utf8')).data, written)
  }
  const check = ['config', 'check', '--config', 'c/holdfast.yaml', '--data', 'elsewhere']
  equal((await holdfast(check, { cwd })).code, 0)
  const gateway = await startServe(join(cwd, 'a'), {}, ['--data', '../elsewhere'])
  t.after(() => gateway.stop('SIGKILL'))
  equal(gateway.data, join(cwd, 'elsewhere'))
})

const mistakes: readonly [what: string, from: string, to: string, stderr: RegExp][] = [
  ['a key that does not exist', 'host:', 'hots:', /holdfast\.yaml:8:3: listen\.hots: unknown key; did you mean host\?/],
  ['a number out of range', 'requests: 600', 'requests: -1', /holdfast\.yaml:\d+:12: limits\.rates\.key\.requests: /],
  [
    'plain HTTP for all the world',
    'host: 127.0.0.1',
    'host: 0.0.0.0',
    /holdfast\.yaml:8:3: listen\.host: plain HTTP is only served on loopback/,
  ],
  ['what is no YAML', 'upstreams:', 'upstreams: [', /holdfast\.yaml:\d+:\d+: /],
  ['a folder without policies', './policies', '.', /: there is no policy \(\*\.cedar\) in this folder/],
  ['a folder that is not there', './policies', './politics', /politics: the folder of the policies does not exist/],
]

for (const [what, from, to, expected] of mistakes)
  test(`serve and config check say where there is ${what}`, async (t) => {
    const cwd = await initialised(t)
    edit(join(cwd, 'holdfast.yaml'), from, to)
    const served = await holdfast(['serve'], { cwd })
    deepEqual({ code: served.code, stdout: served.stdout }, { code: 2, stdout: '' })
    match(served.stderr, expected)
    deepEqual(await holdfast(['config', 'check'], { cwd }), served)
  })

test('a mistake in a policy is found at its line and column', async (t) => {
  const cwd = await initialised(t)
  edit(join(cwd, 'policies', 'default.cedar'), 'principal.scopes.contains("chat")', 'principal.scope.contains("chat")')
  const { code, stderr } = await holdfast(['config', 'check'], { cwd })
  equal(code, 2)
  match(stderr, /^holdfast: .*default\.cedar:\d+:\d+: policy keys-with-the-chat-scope-may-chat: .*`scope`/)
})

async function initialised(t: TestContext): Promise<string> {
  const cwd = temporaryFolder(t)
  equal((await holdfast(['init', '--upstream', 'ollama'], { cwd })).code, 0)
  return cwd
}

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8')
  ok(text.includes(from), from)
  writeFileSync(file, text.replace(from, to))
}

/** The line that was printed to be pasted. */
function commandIn(text: string, what: string): string {
  return text.split('\n').find((line) => line.includes(` ${what}`)) ?? `no command '${what}'`
}
