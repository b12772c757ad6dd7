import { equal, match, throws } from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ServerError } from './error.ts'
import { makeDataFolder } from './installation.ts'
import { ensurePolicies } from './policies.ts'

test('a new data folder belongs to its owner alone, whatever the umask', (t) => {
  withUmask(t, 0)
  const data = join(temporaryFolder(t), 'data')
  makeDataFolder(data)
  equal(modeOf(data), 0o700)
})

test('a data folder that others can write to is refused, and the message says what helps', (t) => {
  const data = join(temporaryFolder(t), 'data')
  mkdirSync(data)
  for (const mode of [0o770, 0o707, 0o777]) {
    chmodSync(data, mode)
    throws(
      () => makeDataFolder(data),
      (error) => {
        match(String(error), new RegExp(`run chmod go-w ${data}$`))
        return error instanceof ServerError && error.code === 'writable_folder'
      },
    )
  }
  chmodSync(data, 0o755)
  makeDataFolder(data)
})

for (const umask of [0o000, 0o022, 0o077])
  test(`new policies can be read by the group and written by the owner alone, with umask ${umask.toString(8)}`, (t) => {
    withUmask(t, umask)
    const folder = ensurePolicies(join(temporaryFolder(t), 'data', 'policies'))
    equal(modeOf(folder), 0o750)
    equal(modeOf(join(folder, 'default.cedar')), 0o640 & ~umask)
  })

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}

function withUmask(t: TestContext, umask: number): void {
  const before = process.umask(umask)
  t.after(() => process.umask(before))
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
