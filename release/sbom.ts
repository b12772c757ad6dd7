// The bill of materials of a release: CycloneDX 1.7 (ECMA-424), from the lockfile. Nothing in it depends on when or
// where it was made.
import { createHash } from 'node:crypto'
import { type LockedPackage, type Lockfile, nameAt, shippedPackages } from './manifest.ts'

/**
 * @param licenceOf  the SPDX licence of the package at a path such as `node_modules/zod`
 * @throws Error for a package without a version, a digest or a licence: an incomplete bill is none
 */
export function billOfMaterials(lockfile: Lockfile, licenceOf: (path: string) => string | undefined): object {
  const { '': project, ...packages } = shippedPackages(lockfile)
  const paths = Object.keys(packages).sort()
  const root = purl(lockfile.name, lockfile.version)
  const content = {
    metadata: {
      lifecycles: [{ phase: 'build' }],
      component: {
        type: 'application',
        'bom-ref': root,
        name: lockfile.name,
        version: lockfile.version,
        purl: root,
        licenses: [{ expression: 'Apache-2.0' }],
      },
    },
    components: paths.map((path) => component(path, packages[path] ?? {}, licenceOf(path))),
    dependencies: [
      { ref: root, dependsOn: dependenciesOf('', project ?? {}, packages) },
      ...paths.map((path) => ({
        ref: reference(path, packages[path] ?? {}),
        dependsOn: dependenciesOf(path, packages[path] ?? {}, packages),
      })),
    ].map(({ ref, dependsOn }) => ({ ref, ...(dependsOn.length === 0 ? {} : { dependsOn }) })),
  }
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.7.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.7',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    version: 1,
    ...content,
  }
}

function component(path: string, locked: LockedPackage, licence: string | undefined): object {
  const name = nameAt(path)
  const digest = /^sha512-([A-Za-z0-9+/]+=*)$/.exec(locked.integrity ?? '')?.[1]
  if (digest === undefined) throw new Error(`${path} has no SHA-512 in the lockfile`)
  if (licence === undefined) throw new Error(`${path} names no licence`)
  const [scope, plain] = name.startsWith('@') ? name.split('/', 2) : [undefined, name]
  return {
    type: 'library',
    'bom-ref': reference(path, locked),
    ...(scope === undefined ? {} : { group: scope }),
    name: plain,
    version: locked.version,
    ...(locked.optional === true ? { scope: 'optional' } : {}),
    hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }],
    licenses: [{ expression: licence }],
    purl: purl(name, versionOf(path, locked)),
  }
}

/** Two copies of one version at two places are two components, so the path is part of the reference. */
function reference(path: string, locked: LockedPackage): string {
  return `${purl(nameAt(path), versionOf(path, locked))}#${path}`
}

function dependenciesOf(
  path: string,
  { dependencies, optionalDependencies, peerDependencies }: LockedPackage,
  packages: Readonly<Record<string, LockedPackage>>,
): string[] {
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
  return names
    .flatMap((name) => {
      const found = resolved(path, name, packages)
      return found === undefined ? [] : [reference(found, packages[found] ?? {})]
    })
    .sort()
}

/** As Node finds it: in the package's own node_modules, or in the nearest above. */
function resolved(path: string, name: string, packages: Readonly<Record<string, LockedPackage>>): string | undefined {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    if (Object.hasOwn(packages, candidate)) return candidate
    if (folder === '') return undefined
  }
}

/** Package URL of npm: the scope's @ is written %40. */
function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace(/^@/, '%40')}@${version}`
}

function versionOf(path: string, { version }: LockedPackage): string {
  if (version === undefined) throw new Error(`${path} has no version in the lockfile`)
  return version
}

/** A UUID of version 8 (RFC 9562) from a digest, so that the same content has the same number. */
function uuidOf(content: string): string {
  const bytes = createHash('sha256').update(content).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
