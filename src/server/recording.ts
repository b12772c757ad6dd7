// What a configuration was read from: every file, folder and variable that was asked for, and what was found. From it
// the same configuration can be read again elsewhere (in a worker), and a change on the disk is noticed.
// It holds secrets: it never leaves the processes of the gateway.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type ConfigWorld, systemWorld as configWorld } from '#config'

/** The outside of a configuration. All throw as `node:fs` does, with a `code`. */
export interface ConfigurationReader extends ConfigWorld {
  /** Names of the files in a folder. */
  listFiles(folder: string): readonly string[]
  /** A file of such a folder; unlike `readFile` without a bound. */
  readListed(path: string): string
}

export const diskReader: ConfigurationReader = {
  ...configWorld,
  listFiles: (folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() || (entry.isSymbolicLink() && !leadsToFolder(join(folder, entry.name))))
      .map(({ name }) => name)
      .toSorted(),
  readListed: (path) => readFileSync(path, 'utf8'),
}

/** In a Kubernetes volume every file is a link. One that leads nowhere counts as a file: a policy must not vanish. */
function leadsToFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

export interface Recording {
  readonly files: ReadonlyMap<string, Found<string>>
  readonly folders: ReadonlyMap<string, Found<readonly string[]>>
  readonly listed: ReadonlyMap<string, Found<string>>
  readonly variables: ReadonlyMap<string, string | undefined>
}

/** What was there, or the code of the error in its place. */
type Found<T> = { readonly value: T } | { readonly code: string }

/** A reader that goes to `reader`, and what it has found so far. */
export function record(reader: ConfigurationReader): { reader: ConfigurationReader; recording: Recording } {
  const files = new Map<string, Found<string>>()
  const folders = new Map<string, Found<readonly string[]>>()
  const listed = new Map<string, Found<string>>()
  const variables = new Map<string, string | undefined>()
  return {
    recording: { files, folders, listed, variables },
    reader: {
      readFile: (path) => remembered(files, path, () => reader.readFile(path)),
      listFiles: (path) => remembered(folders, path, () => reader.listFiles(path)),
      readListed: (path) => remembered(listed, path, () => reader.readListed(path)),
      env(name) {
        const value = reader.env(name)
        variables.set(name, value)
        return value
      },
    },
  }
}

/** A reader that finds what was found then, and nothing else. */
export function replay({ files, folders, listed, variables }: Recording): ConfigurationReader {
  return {
    readFile: (path) => orThrow(files.get(path)),
    listFiles: (path) => orThrow(folders.get(path)),
    readListed: (path) => orThrow(listed.get(path)),
    env: (name) => variables.get(name),
  }
}

/** Whether something is no longer as it was found. */
export function hasChanged({ files, folders, listed }: Recording, reader: ConfigurationReader): boolean {
  return (
    differs(folders, (path) => reader.listFiles(path)) ||
    differs(files, (path) => reader.readFile(path)) ||
    differs(listed, (path) => reader.readListed(path))
  )
}

function differs<T>(recorded: ReadonlyMap<string, Found<T>>, read: (path: string) => T): boolean {
  for (const [path, found] of recorded)
    if (
      !isDeepStrictEqual(
        found,
        find(() => read(path)),
      )
    )
      return true
  return false
}

/** A file that is read twice is found once: a configuration is of one moment as far as that can be. */
function remembered<T>(known: Map<string, Found<T>>, path: string, read: () => T): T {
  const found = known.get(path) ?? find(read)
  known.set(path, found)
  return orThrow(found)
}

function find<T>(read: () => T): Found<T> {
  try {
    return { value: read() }
  } catch (error) {
    return { code: error instanceof Error && 'code' in error ? String(error.code) : 'EIO' }
  }
}

function orThrow<T>(found: Found<T> | undefined): T {
  if (found !== undefined && 'value' in found) return found.value
  const code = found?.code ?? 'ENOENT'
  throw Object.assign(new Error(code), { code })
}
