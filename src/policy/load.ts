/** Policies from a folder: every `*.cedar` file, in the order of their names, and at most one schema. */
import { compilePolicies, type PolicySet } from './compile.ts'
import { type PolicyIssue, plainError } from './errors.ts'
import type { PolicySource } from './parse.ts'

/** How to look into a folder; both may throw or reject, with the reason as the error's message. */
export interface FolderReader {
  /** names of the files in the folder, without its path */
  listFiles(folder: string): Promise<readonly string[]> | readonly string[]
  readFile(path: string): Promise<string> | string
}

const SCHEMA = /\.cedarschema(?:\.json)?$/

/**
 * Loads `*.cedar` and one `*.cedarschema` or `*.cedarschema.json` from a folder (not from folders in it). With a schema,
 * all policies are validated against it. Other files are named in `warnings`, because a policy with a misspelt name
 * would otherwise be missing without a word; names that begin with a dot are left alone.
 *
 * @throws PolicyError 'unreadable' for a folder or file that cannot be read, a folder without a policy, or two schemas;
 *   and what `compilePolicies` throws
 */
export async function loadPolicies(folder: string, reader: FolderReader): Promise<PolicySet> {
  const names = (await readable(folder, () => reader.listFiles(folder)))
    .filter((name) => !name.startsWith('.'))
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
  const set = compilePolicies({ policies, schema })
  if (set.policies.length === 0) throw plainError('unreadable', folder, 'there is no policy (*.cedar) in this folder')
  const ignored = names.filter((name) => !policyNames.includes(name) && !schemaNames.includes(name))
  return { ...set, warnings: [...set.warnings, ...ignored.map(ignoredFile)] }
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
