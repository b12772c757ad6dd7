// npm run package: the package as it is published. Compiled JavaScript with types and source maps, the locked
// dependencies, a bill of materials; no Node binaries, no tests, no scripts. The same sources give the same bytes.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Lockfile, publishedLockfile, publishedManifest } from './manifest.ts'
import { billOfMaterials } from './sbom.ts'

const root = resolve(import.meta.dirname, '..')
const documents = ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE', 'docs']

/**
 * Builds the package into `folder`.
 *
 * @returns the paths of the tarball and of its bill of materials (CycloneDX 1.7)
 */
export function pack(folder: string): { readonly tarball: string; readonly sbom: string } {
  const stage = mkdtempSync(join(tmpdir(), 'holdfast-package-'))
  try {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const lockfile: Lockfile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
    const bom = billOfMaterials(lockfile, licenceOf)
    run(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.release.json', '--outDir', join(stage, 'dist')], root)
    for (const name of documents) cpSync(join(root, name), join(stage, name), { recursive: true })
    writeJson(
      join(stage, 'package.json'),
      publishedManifest(manifest, ['dist', 'docs', 'bom.json', 'npm-shrinkwrap.json', '*.md']),
    )
    writeJson(join(stage, 'npm-shrinkwrap.json'), publishedLockfile(lockfile))
    writeJson(join(stage, 'bom.json'), bom)
    const packed: unknown = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--loglevel=error'], stage))
    const name = nameOf(packed)
    mkdirSync(folder, { recursive: true })
    const tarball = join(folder, name)
    const sbom = join(folder, name.replace(/\.tgz$/, '.cdx.json'))
    cpSync(join(stage, name), `${tarball}.part`)
    renameSync(`${tarball}.part`, tarball)
    writeJson(sbom, bom)
    return { tarball, sbom }
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

/** The licence that an installed package names in its own manifest. */
function licenceOf(path: string): string | undefined {
  const manifest: { license?: unknown } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'))
  return typeof manifest.license === 'string' ? manifest.license : undefined
}

function nameOf(packed: unknown): string {
  // npm 11 prints a list, npm 12 an object by name.
  const entry: unknown = Object.values(Array.isArray(packed) ? packed : Object(packed))[0]
  if (typeof entry === 'object' && entry !== null && 'filename' in entry && typeof entry.filename === 'string')
    return entry.filename
  throw new Error('npm pack did not say which file it made')
}

function run(program: string, args: readonly string[], folder: string): string {
  return execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}

if (import.meta.main) {
  const { tarball, sbom } = pack(resolve(process.argv[2] ?? 'dist'))
  console.log(`${tarball}\n${sbom}`)
}
