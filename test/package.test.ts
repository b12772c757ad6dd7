// The package as it is published: made twice, looked through, installed into an empty folder, and run from there.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { before, test } from 'node:test'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { pack } from '../release/pack.ts'
import { shell, startCommand, temporaryFolder } from './support/holdfast.ts'

let tarball: string
let sbom: string
let folder: string

before((context) => {
  assert.ok('after' in context)
  folder = temporaryFolder(context)
  ;({ tarball, sbom } = pack(join(folder, 'made')))
})

test('the same sources make the same package', () => {
  const again = pack(join(folder, 'again'))
  assert.equal(digestOf(again.tarball), digestOf(tarball))
  assert.equal(digestOf(again.sbom), digestOf(sbom))
})

test('the package holds compiled JavaScript with types and source maps, no sources, tests or Node', () => {
  const unpacked = unpack()
  const files = readdirSync(unpacked, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(unpacked.length + 1))
  const sources = files.filter((name) => name.endsWith('.js'))
  assert.ok(sources.length > 200)
  for (const name of sources) {
    assert.ok(files.includes(name.replace(/\.js$/, '.d.ts')), `${name} has no types`)
    assert.ok(files.includes(`${name}.map`), `${name} has no source map`)
    const map = JSON.parse(readFileSync(join(unpacked, `${name}.map`), 'utf8'))
    assert.equal(map.sourcesContent.length, 1, `${name}: the map does not hold its source`)
  }
  const allowed =
    /^(?:dist\/.*\.(?:js|js\.map|d\.ts)|docs\/.*|[A-Z]+(?:\.md)?|package\.json|npm-shrinkwrap\.json|bom\.json)$/
  assert.deepEqual(
    files.filter((name) => !allowed.test(name) || name.includes('.test.')),
    [],
  )
})

test('the package asks for Node 26 and runs no script when it is installed', () => {
  const manifest = JSON.parse(readFileSync(join(unpack(), 'package.json'), 'utf8'))
  assert.deepEqual(manifest.engines, { node: '>=26' })
  assert.equal(manifest.scripts, undefined)
  assert.equal(manifest.devDependencies, undefined)
  assert.ok(!Object.keys(manifest.optionalDependencies ?? {}).some((name) => name.startsWith('node-')))
})

test('an install gets the locked dependencies, each with its digest', () => {
  const { packages } = JSON.parse(readFileSync(join(unpack(), 'npm-shrinkwrap.json'), 'utf8'))
  const entries = Object.entries<{ integrity?: string; dev?: boolean; hasInstallScript?: boolean }>(packages)
  for (const [path, { integrity, dev, hasInstallScript }] of entries.filter(([path]) => path !== '')) {
    assert.match(integrity ?? '', /^sha512-/, path)
    assert.notEqual(dev, true, path)
    assert.notEqual(hasInstallScript, true, path)
  }
})

test('the bill of materials is valid CycloneDX 1.7 and names what an install brings, no more and no less', async () => {
  const text = readFileSync(sbom, 'utf8')
  assert.equal(await new Validation.JsonStrictValidator(Spec.Version.v1dot7).validate(text), null)
  const { components } = JSON.parse(text)
  const named = components.map(({ 'bom-ref': ref }: { 'bom-ref': string }) => ref.split('#')[1])
  const { packages } = JSON.parse(readFileSync(join(unpack(), 'npm-shrinkwrap.json'), 'utf8'))
  assert.deepEqual(
    named,
    Object.keys(packages)
      .filter((path) => path !== '')
      .sort(),
  )
})

test('installed into an empty folder it starts, answers, and proves its log', { timeout: 180_000 }, async (context) => {
  const home = temporaryFolder(context)
  npm(home, 'install', tarball)
  const installed = join(home, 'node_modules', '.bin', 'holdfast')
  const data = join(home, 'data')
  // The Node that runs this test, as an installed package finds it.
  const PATH = `${dirname(process.execPath)}:${process.env.PATH}`
  const running = await startCommand([installed, 'up', '--json', '--port', '0', '--data', data], {
    cwd: home,
    env: { ...process.env, PATH },
  })
  context.after(() => running.stop('SIGKILL'))
  const line = `PATH=${PATH} node_modules/.bin/holdfast`
  const asked = await shell(`${line} ask --url ${running.gateway} --key ${running.key} 'Is this packed?'`, home)
  assert.equal(asked.code, 0, asked.stderr)
  assert.match(asked.stdout, /You said: Is this packed\?/)
  assert.equal(await running.stop('SIGTERM'), 0)
  const verified = await shell(`${line} audit verify --data ${data}`, home)
  assert.match(verified.stdout, /all right/, verified.stderr)
  assert.equal(running.stderr(), '')
})

test('installed, it scans files in its sandbox', { timeout: 180_000 }, async (context) => {
  const home = temporaryFolder(context)
  npm(home, 'install', tarball)
  writeFileSync(join(home, 'model.pkl'), Buffer.from("cos\nsystem\n(S'echo HOLDFAST-CANARY'\ntR.", 'latin1'))
  const line = `PATH=${dirname(process.execPath)}:${process.env.PATH} node_modules/.bin/holdfast scan model.pkl --format json`
  const { code, stdout, stderr } = await shell(line, home)
  assert.equal(code, 1, stderr)
  const [file] = JSON.parse(stdout).files
  assert.deepEqual([file.verdict, file.maxSeverity], ['findings', 'critical'])
})

test('on an older Node it says what it needs', () => {
  const main = join(unpack(), 'dist', 'main.js')
  const code = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.0.0' } });
    process.argv.splice(1, 0, ${JSON.stringify(main)}); await import(${JSON.stringify(main)})`
  const run = () => execFileSync(process.execPath, ['--input-type=module', '-e', code, 'keys'], { stdio: 'pipe' })
  assert.throws(run, /this needs Node 26 or newer/)
})

function unpack(): string {
  const target = join(folder, 'unpacked')
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', target])
  return join(target, 'package')
}

function npm(cwd: string, ...args: string[]): void {
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, stdio: 'pipe' })
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
