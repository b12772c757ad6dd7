/** Policies from a folder: every `*.cedar` file, in the order of their names, and at most one schema. */
import type { PolicySources } from './check.ts'
import { compileChecked, type PolicySet } from './compile.ts'
import { digestOf } from './digest.ts'
import { type PolicyIssue, plainError } from './errors.ts'
import type { PolicySource } from './parse.ts'
import { checkInThread } from './thread.ts'

/** How to look into a folder; both may throw or reject, with the reason as the error's message. */
export interface FolderReader {
  /** names of the files in the folder, without its path */
  listFiles(folder: string): Promise<readonly string[]> | readonly string[]
  readFile(path: string): Promise<string> | string
}

const SCHEMA = /\.cedarschema(?:\.json)?$/
const TESTS = /\.test\.ya?ml$/

/**
 * Loads `*.cedar` and one `*.cedarschema` or `*.cedarschema.json` from a folder (not from folders in it). With a schema,
 * all policies are validated against it. Other files are named in `warnings`, because a policy with a misspelt name
 * would otherwise be missing without a word; names that begin with a dot and tests (`*.test.yaml`) are left alone.
 *
 * Cedar runs in a thread of its own, for at most 30 s; this one only compiles what comes from there.
 *
 * @throws PolicyError 'unreadable' for a folder or file that cannot be read, a folder without a policy, or two schemas;
 *   'syntax', 'invalid', 'duplicate' or 'too_complex' for what is in the files, all that is wrong at once, one stage at a
 *   time; 'crashed' when that thread does not answer
 */
export async function loadPolicies(folder: string, reader: FolderReader): Promise<PolicySet> {
  const files = readFolder(folder, reader)
  const checked = await checkInThread(files.then(({ sources }) => sources))
  if (checked.policies.length === 0) {
    throw plainError('unreadable', folder, 'there is no policy (*.cedar) in this folder')
  }
  const { sources, ignored } = await files
  const set = compileChecked(checked, digestOf(sources))
  return { ...set, warnings: [...set.warnings, ...ignored.map(ignoredFile)] }
}

/**
 * The files that `loadPolicies` would load, unchecked: for Cedar itself (see oracle.ts).
 *
 * @throws PolicyError 'unreadable'
 */
export async function readPolicySources(folder: string, reader: FolderReader): Promise<PolicySources> {
  return (await readFolder(folder, reader)).sources
}

async function readFolder(
  folder: string,
  reader: FolderReader,
): Promise<{ sources: PolicySources; ignored: readonly string[] }> {
  const names = (await readable(folder, () => reader.listFiles(folder)))
    .filter((name) => !name.startsWith('.') && !TESTS.test(name))
    .toSorted()
  const read = async (name: string): Promise<PolicySource> => {
    const path = `${folder}/${name}`
    return { name, text: await readable(path, () => reader.readFile(path)) }
  }
  const policyNames = names.filter((name) => name.endsWith('.cedar'))
  const schemaNames = names.filter((name) => SCHEMA.test(name))
  if (schemaNames.length > 1) throw plainError('unreadable', folder, `more than one schema: ${schemaNames.join(', ')}`)

  const policies = await Promise.all(policyNames.map(read))
  const [schema] = await Promise.all(schemaNames.map(read))
  const ignored = names.filter((name) => !policyNames.includes(name) && !schemaNames.includes(name))
  return { sources: { policies, schema }, ignored }
}

async function readable<T>(path: string, read: () => Promise<T> | T): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw plainError('unreadable', path, error instanceof Error ? error.message : 'cannot be read')
  }
}

function ignoredFile(file: string): PolicyIssue {
  return { file, line: 0, column: 0, policy: '', message: 'ignored: neither *.cedar nor *.cedarschema' }
}
