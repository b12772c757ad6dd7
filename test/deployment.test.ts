// What is in deploy/: the image is built from files that exist, the unit is one that systemd takes, and the program runs
// as nobody in particular from a file system that nobody can write to.
import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import { ensurePolicies } from '#server'
import { pack } from '../release/pack.ts'
import { holdfast, root, startCommand, temporaryFolder } from './support/holdfast.ts'
import { startServed } from './support/served.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

interface Instruction {
  readonly name: string
  readonly rest: string
}

/** The instructions of a Containerfile, with continued lines joined. */
function instructionsOf(text: string): Instruction[] {
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^([A-Z]+) (.+)$/.exec(line) ?? []
      return { name, rest }
    })
}

const main = '/opt/holdfast/node_modules/holdfast/dist/main.js'

test('the image copies what there is, runs as nobody, and calls the program without a shell', () => {
  const all = instructionsOf(read('deploy/Containerfile'))
  const restOf = (name: string) => all.filter((each) => each.name === name).map(({ rest }) => rest)
  ok(all.every(({ name }) => name !== '' && name !== 'ADD'))
  match(restOf('ARG').join(), /^NODE=docker\.io\/library\/node:26\.\d+\.\d+-bookworm-slim$/)
  ok(restOf('FROM').every((from) => /^\$\{NODE\}(?: AS \w+)?$/.test(from)))
  const context = restOf('COPY').filter((rest) => !rest.startsWith('--from'))
  const copied = context.flatMap((rest) => rest.split(' ').slice(0, -1))
  ok(copied.length > 8)
  const ignored = read('.containerignore')
  for (const path of copied) {
    ok(existsSync(join(root, path)), path)
    match(ignored, new RegExp(`^!${path.replaceAll('.', '\\.')}$`, 'm'), `${path} is in the context`)
  }
  const lastStage = all.slice(all.findLastIndex(({ name }) => name === 'FROM'))
  deepEqual(
    lastStage.filter(({ name }) => name === 'RUN'),
    [],
  )
  const [user = ''] = restOf('USER')
  match(user, /^[1-9]\d*:[1-9]\d*$/)
  deepEqual(JSON.parse(restOf('ENTRYPOINT').join()), ['/usr/local/bin/node', main])
  equal(JSON.parse(restOf('CMD').join())[0], 'serve')
  match(restOf('HEALTHCHECK').join(), / CMD \["\/usr\/local\/bin\/node", "[^"]+main\.js", "health", /)
  equal(restOf('STOPSIGNAL').join(), 'SIGTERM')
  equal(JSON.parse(read('package.json')).bin.holdfast, 'dist/main.js')
})

test('the unit says what the program understands', async () => {
  const unit = read('deploy/systemd/holdfast.service')
  for (const name of ['ExecStart', 'ExecReload']) {
    const [, line = ''] = new RegExp(`^${name}=/usr/bin/node ${main} (.*)$`, 'm').exec(unit) ?? []
    const words = line.split(' ')
    const { stdout } = await holdfast([words[0] ?? '', '--help'])
    for (const option of words.filter((word) => word.startsWith('--'))) ok(stdout.includes(option), option)
  }
  doesNotMatch(unit, /^MemoryDenyWriteExecute=yes/m)
})

const systemd = spawnSync('systemd-analyze', ['--version']).status === 0
const skipSystemd = !systemd && 'NOT TESTED: systemd-analyze is not installed, so the unit was not checked'

test('systemd takes the unit, and finds it as closed as the documentation says', { skip: skipSystemd }, (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'holdfast.service')
  // Verified with a program that is there.
  writeFileSync(file, read('deploy/systemd/holdfast.service').replaceAll('/usr/bin/node', process.execPath))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
  equal(status, 0, stderr)
  doesNotMatch(stderr, /holdfast\.service:/)
  const said = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', file], { encoding: 'utf8' })
  const [, score = ''] = /exposure level for holdfast\.service: (\d+\.\d)/.exec(said) ?? []
  ok(Number(score) <= 1.5, said)
})

test('systemd is told of readiness, of life, and of the end', async (t) => {
  const folder = temporaryFolder(t)
  const told = join(folder, 'told')
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${told}\n`, { mode: 0o755 })
  const env = {
    ...process.env,
    PATH: `${folder}${delimiter}${process.env.PATH}`,
    NOTIFY_SOCKET: '/run/notify',
    WATCHDOG_USEC: '1000000',
  }
  const { gateway } = await startServed(t, {
    start: (cwd, args) => startCommand([join(root, 'bin/holdfast'), 'serve', '--json', ...args], { cwd, env }),
  })
  const toldOnce = async (line: string) => {
    while (!existsSync(told) || !readFileSync(told, 'utf8').includes(line))
      await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await toldOnce('/run/notify READY=1 STATUS=serves requests\n')
  await toldOnce('/run/notify WATCHDOG=1\n')
  equal(await gateway.stop(), 0)
  await toldOnce('/run/notify STOPPING=1 STATUS=finishes what runs\n')
  equal(gateway.stderr(), '')
})

const canUnshare = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0
const skipUnshare =
  !canUnshare && 'NOT TESTED: needs root and mount namespaces to run from a read-only root file system'

test('installed, it runs as another user from a read-only file system', {
  skip: skipUnshare,
  timeout: 240_000,
}, async (t) => {
  const home = temporaryFolder(t)
  chmodSync(home, 0o755)
  const { tarball } = pack(join(home, 'made'))
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', tarball], {
    cwd: home,
  })
  const data = join(home, 'data')
  const user = 65_532
  mkdirSync(data, { mode: 0o700 })
  chownSync(data, user, user)
  ensurePolicies(join(home, 'policies'))
  execFileSync('chmod', ['-R', 'a+rX', join(home, 'policies')])
  const yaml = `data: ${data}
listen: { port: 0 }
upstreams: [{ name: a, url: 'http://127.0.0.1:9/v1', allowPrivate: true }]
policy: { folder: policies }
`
  writeFileSync(join(home, 'holdfast.yaml'), yaml)
  // Node where that user can reach it.
  const node = join(home, 'node')
  execFileSync('cp', [process.execPath, node])
  const program = join(home, 'node_modules/holdfast/dist/main.js')
  const inside = (...words: string[]) => [
    'unshare',
    '--mount',
    'sh',
    '-c',
    `mount --bind ${data} ${data} && mount -o remount,bind,ro / && ! touch ${home}/x 2>/dev/null && exec setpriv --reuid=${user} --regid=${user} --clear-groups --bounding-set=-all --no-new-privs "$@"`,
    'sh',
    node,
    program,
    ...words,
  ]
  const started = await startCommand(inside('serve', '--json', '--config', join(home, 'holdfast.yaml')))
  t.after(() => started.stop('SIGKILL'))
  const [command = '', ...args] = inside('health', '--config', join(home, 'holdfast.yaml'))
  const asked = spawnSync(command, args, { encoding: 'utf8' })
  equal(asked.status, 0, asked.stdout + asked.stderr)
  match(asked.stdout, /ok\n$/)
  const status = readFileSync(`/proc/${started.pid}/status`, 'utf8')
  match(status, new RegExp(`^Uid:\\s+${user}\\b`, 'm'))
  match(status, /^CapEff:\s+0+$/m)
  equal(await started.stop('SIGTERM'), 0)
  equal(started.stderr(), '')
  ok(dirname(program).startsWith(home))
})
