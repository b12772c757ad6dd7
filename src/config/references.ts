// `${NAME}` and `file:PATH` in the scalars of a configuration. Environment values are text, whatever they look like:
// they are neither read as YAML nor searched for further references.

import { dirname, resolve } from 'node:path'
import { ConfigError, type ConfigIssue } from './error.ts'
import { Secret } from './secret.ts'
import { type Path, type Source, type Tree, valueAt } from './tree.ts'

/** What a configuration may see of the outside. `readFile` throws as `node:fs` does, with a `code`. */
export interface ConfigWorld {
  readFile(path: string): string
  env(name: string): string | undefined
}

export interface References {
  /** The document with every `${NAME}` replaced. */
  readonly root: Tree
  /** Whether the scalar at `path` had a `${NAME}` in it. */
  isSubstituted(path: Path): boolean
  /** The scalar at `path` as a secret: the content of the file when it is written `file:PATH`, else its text. */
  secretAt(path: Path): Secret | ConfigIssue
  /** `text` without any value that came from the environment. */
  redact(text: string): string
}

/** @throws ConfigError `reference` listing each variable that is not set and each malformed `${` */
export function resolveReferences(source: Source, world: ConfigWorld): References {
  const issues: ConfigIssue[] = []
  const values = new Set<string>()
  const substituted = new Set<Tree>()
  const seen = new Map<Tree, Tree>() // an aliased part is one object, and stays one

  const visit = (tree: Tree, path: Path): Tree => {
    const known = seen.get(tree)
    if (known !== undefined) return known
    const copy = replace(tree, path)
    seen.set(tree, copy)
    return copy
  }
  const replace = (tree: Tree, path: Path): Tree => {
    if (tree.kind === 'list') return { ...tree, items: tree.items.map((item, index) => visit(item, [...path, index])) }
    if (tree.kind === 'map') {
      const entries = [...tree.entries].map(
        ([key, entry]) => [key, { ...entry, value: visit(entry.value, [...path, key]) }] as const,
      )
      return { ...tree, entries: new Map(entries) }
    }
    if (typeof tree.value !== 'string' || !tree.value.includes('${')) return tree
    const copy: Tree = { ...tree, value: substitute(tree.value, path) }
    if (copy.value !== tree.value.replaceAll('$${', '${')) substituted.add(copy)
    return copy
  }
  const substitute = (text: string, path: Path): string =>
    text.replaceAll(/\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g, (found, name: string | undefined) => {
      if (found === '$${') return '${'
      if (name === undefined) {
        issues.push(source.issue(path, `a reference is written \${NAME}; for a literal \${ write $\${`))
        return ''
      }
      const value = world.env(name)
      if (value === undefined) {
        issues.push(source.issue(path, `environment variable ${name} is not set`))
        return ''
      }
      if (value !== '') values.add(value)
      return value
    })

  const root = visit(source.root, [])
  if (issues.length > 0) throw new ConfigError('reference', source.file, issues)
  const longestFirst = [...values].sort((a, b) => b.length - a.length)

  return {
    root,
    isSubstituted: (path) => {
      const tree = valueAt(root, path)
      return tree !== undefined && substituted.has(tree)
    },
    secretAt: (path) => {
      const written = valueAt(source.root, path)
      const resolved = valueAt(root, path)
      const text = resolved?.kind === 'scalar' && typeof resolved.value === 'string' ? resolved.value : ''
      const isFile =
        written?.kind === 'scalar' && typeof written.value === 'string' && written.value.startsWith('file:')
      return isFile ? readSecret(source, path, text.slice('file:'.length), world) : new Secret(text)
    },
    redact: (text) => longestFirst.reduce((result, value) => result.replaceAll(value, '[secret]'), text),
  }
}

function readSecret(source: Source, path: Path, name: string, world: ConfigWorld): Secret | ConfigIssue {
  if (name.trim() === '') return source.issue(path, 'file: needs a path after it')
  try {
    const content = world.readFile(resolve(dirname(source.file), name)).replace(/\r?\n$/, '')
    return content === '' ? source.issue(path, 'the secret file is empty') : new Secret(content)
  } catch (error) {
    return source.issue(path, `the secret file cannot be read: ${explainReadError(error)}`)
  }
}

/** Says why a file could not be read, from the error's code alone. */
export function explainReadError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? (code === '' ? 'unknown reason' : code)
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  EFBIG: 'it is too large',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
}
