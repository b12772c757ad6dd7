// Makes a fresh checkout ready: dependencies by lockfile (which bring Node 26), and, for tests and
// benchmarks, the servers they drive. Runs on any Node from 20, so it uses nothing newer.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const wanted = process.argv.slice(2)

installLocked(root, 'dependencies')
if (wanted.includes('--test')) {
  installFromDebian({ strace: 'strace' }, 'the proof that each decision is synced before its answer')
  installFromDebian({ postgres: 'postgresql' }, 'the tests of the store on PostgreSQL')
}
if (wanted.includes('--bench')) {
  installFromDebian({ nginx: 'nginx' }, 'the comparison with nginx')
  installLocked(join(root, 'bench', 'portkey'), 'the gateway that is compared with')
}

/** `npm ci` in a folder when its node_modules does not match its lockfile; the stamp is the lockfile's SHA-256. */
function installLocked(folder, purpose) {
  const stamp = join(folder, 'node_modules', '.holdfast-lock')
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.error(`setup: installing ${purpose} from package-lock.json (once, about half a minute)`)
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (done.status !== 0) fail('npm ci failed; is the npm registry reachable?')
  writeFileSync(stamp, lock)
}

/** Installs missing programs with apt-get when we are root on Debian; otherwise says loudly what is skipped. */
function installFromDebian(packageOf, purpose) {
  const missing = Object.keys(packageOf).filter((program) => !onPath(program))
  if (missing.length === 0) return
  const packages = missing.map((program) => packageOf[program])
  const canInstall = process.getuid?.() === 0 && onPath('apt-get')
  if (canInstall) {
    console.error(`setup: installing ${packages.join(' ')} with apt-get, for ${purpose}`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...args) => spawnSync('apt-get', args, { env, stdio: 'ignore' }).status === 0
    apt('update', '-q')
    if (apt('install', '-q', '-y', '--no-install-recommends', ...packages)) return
  }
  console.error(`setup: SKIPPED ${purpose}: install ${packages.join(' ')} to run it`)
}

function onPath(program) {
  return (process.env.PATH ?? '')
    .split(':')
    .concat('/usr/sbin', debianPostgres())
    .some((folder) => existsSync(join(folder, program)))
}

/** Debian keeps the server out of the PATH, a folder for each version. */
function debianPostgres() {
  const root = '/usr/lib/postgresql'
  return existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : []
}

function fail(message) {
  console.error(`setup: ${message}`)
  process.exit(1)
}
