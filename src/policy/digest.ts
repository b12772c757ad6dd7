/** The digest by which a log names a set of policies. */
import { sha256Hex } from '#crypto'
import type { PolicySources } from './check.ts'

/** SHA-256, hex, over the names and texts of all files, the schema among them. */
export function digestOf({ policies, schema }: PolicySources): string {
  const files = schema === undefined ? policies : [...policies, schema]
  return sha256Hex(JSON.stringify(files.map(({ name, text }) => [name, sha256Hex(text)])))
}
