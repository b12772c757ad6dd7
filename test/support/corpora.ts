/** Public test suites, kept outside the repository: `../shared/corpora`, or the folder that HOLDFAST_CORPORA names. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = process.env.HOLDFAST_CORPORA ?? join(import.meta.dirname, '../../../shared/corpora')

/** The path of a file of the corpora, or, when it is absent, why a test that needs it is skipped. */
export function corpusFile(name: string): { readonly path: string } | { readonly skip: string } {
  const path = join(FOLDER, name)
  return existsSync(path) ? { path } : { skip: `NOT TESTED: ${name} is not in ${FOLDER} (set HOLDFAST_CORPORA)` }
}
