// The rooms that keep rows do the same on PostgreSQL as on SQLite: their own tests, run once more over a real server.
import { equal, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type PostgresServer, postgresMissing, startPostgres } from './support/postgres.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const skip = postgresMissing()
let server: PostgresServer
before(async () => {
  if (skip === false) server = await startPostgres()
})
after(() => server?.remove())

const rooms = {
  inventory: 'src/inventory/*.test.ts',
  findings: 'src/findings/**/*.test.ts',
  identity: 'src/identity/{api-keys,revoke}.test.ts',
  limits: 'src/limits/budgets/budgets.test.ts',
  privacy: 'src/privacy/vault.test.ts',
  api: 'src/api/scans/scans.test.ts',
}

for (const [room, pattern] of Object.entries(rooms)) {
  test(`${room} passes its own tests on PostgreSQL`, { skip }, async () => {
    const files = globSync(pattern, { cwd: root })
    ok(files.length > 0)
    const { code, output } = await runTests(files)
    equal(code, 0, output)
    ok(/^ℹ pass [1-9]/m.test(output), output)
  })
}

function runTests(files: readonly string[]): Promise<{ code: number; output: string }> {
  const preload = join(root, 'test', 'support', 'use-postgres.ts')
  const args = ['--import', preload, '--test', '--test-reporter=spec', '--test-concurrency=1', ...files]
  // Without the marks of the runner around us, which would make its reports ours.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return new Promise((resolve) => {
    execFile(
      join(root, 'bin', 'holdfast-node'),
      args,
      { cwd: root, env: { ...env, HOLDFAST_TEST_POSTGRES: server.urlOf('postgres') }, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
        resolve({ code, output: stdout + stderr })
      },
    )
  })
}
