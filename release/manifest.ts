// What the published package says of itself, made from the checkout's package.json and lockfile.

export interface LockedPackage {
  readonly version?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly devOptional?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** package-lock.json, lockfileVersion 3: packages by their path, the project itself at ''. */
export interface Lockfile {
  readonly name: string
  readonly version: string
  readonly packages: Readonly<Record<string, LockedPackage>>
  readonly [field: string]: unknown
}

interface Manifest {
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** The checkout brings Node by these; who installs the package brings their own, as `engines` asks. */
const nodeItself = /^node-(?:bin-)?(?:linux|darwin|win)-/

/** Left out: scripts, which nobody runs; what only the checkout needs; and the source condition. */
export function publishedManifest(manifest: Manifest, files: readonly string[]): object {
  const { scripts: _scripts, devDependencies: _dev, optionalDependencies, ...kept } = manifest
  return {
    ...kept,
    bin: { holdfast: 'dist/main.js' },
    files,
    imports: { '#*': './dist/*/index.js' },
    ...optionalOf(optionalDependencies),
  }
}

/** npm-shrinkwrap.json: an install of the package gets the very dependencies that were tested with it. */
export function publishedLockfile(lockfile: Lockfile): Lockfile {
  const { '': project, ...packages } = shippedPackages(lockfile)
  const { devDependencies: _dev, optionalDependencies, ...kept } = project ?? {}
  const root = { ...kept, ...optionalOf(optionalDependencies) }
  return { ...lockfile, packages: { '': root, ...packages } }
}

/** What an install of the package brings, the package itself at ''. */
export function shippedPackages({ packages }: Lockfile): Record<string, LockedPackage> {
  return Object.fromEntries(
    Object.entries(packages).filter(
      ([path, { dev, devOptional }]) => dev !== true && devOptional !== true && !nodeItself.test(nameAt(path)),
    ),
  )
}

/** `node_modules/a/node_modules/@b/c` is `@b/c`. */
export function nameAt(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

function optionalOf(dependencies: Readonly<Record<string, string>> = {}): object {
  const kept = Object.entries(dependencies).filter(([name]) => !nodeItself.test(name))
  return kept.length === 0 ? {} : { optionalDependencies: Object.fromEntries(kept) }
}
