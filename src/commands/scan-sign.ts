// holdfast scan --sign: the signature of whoever has read a policy of the scanner, in a file beside it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { publicKeysOf, readPolicy, signPolicy } from '#artifacts'
import { openKeyring } from '#crypto'
import { systemWorld } from '#server'
import { type CommandIo, exitCode } from './io.ts'
import { dataFolder } from './options.ts'

/** Signs each of the files with the installation's key for this purpose. */
export function signPolicies(
  files: readonly string[],
  values: { data?: string | undefined; config?: string | undefined },
  io: CommandIo,
): number {
  const { randomBytes } = systemWorld(io.stderr)
  const keys = openKeyring(join(dataFolder(values, io), 'keys'), { randomBytes }).signing('scan-policy')
  for (const file of files) {
    const path = resolve(io.cwd, file)
    const text = readFileSync(path, 'utf8')
    // A policy with a mistake in it would be refused later; nobody signs one.
    readPolicy(text, file)
    writeFileSync(`${path}.sig`, signPolicy(text, keys))
    writeFileSync(`${path}.pub`, publicKeysOf(keys))
    io.stdout(`${file}.sig\n${file}.pub\n`)
  }
  return exitCode.ok
}
