// Inputs that are kept, a file each, named by their digest: fuzz/seeds/<target>/<digest>.seed.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ending = '.seed'

/** In the order of their names; none when there is no such folder. */
export function readSeeds(folder: string): Uint8Array[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => name.endsWith(ending))
  return names.sort().map((name) => readFileSync(join(folder, name)))
}

/** @param prefix  for what must never be dropped again: `bug-` @returns the path of the file */
export function writeSeed(folder: string, input: Uint8Array, prefix = ''): string {
  mkdirSync(folder, { recursive: true })
  const digest = createHash('sha256').update(input).digest('hex').slice(0, 12)
  const path = join(folder, `${prefix}${digest}${ending}`)
  writeFileSync(path, input)
  return path
}

/** Puts these in place of all seeds but those of bugs. */
export function replaceSeeds(folder: string, inputs: readonly Uint8Array[]): void {
  const names = existsSync(folder) ? readdirSync(folder) : []
  for (const name of names) if (name.endsWith(ending) && !name.startsWith('bug-')) rmSync(join(folder, name))
  for (const input of inputs) writeSeed(folder, input)
}
