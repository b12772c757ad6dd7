import { equal, notEqual, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Administration } from './administration.ts'
import { connectControl, serveControl } from './control.ts'
import { socketOf } from './control-socket.ts'
import type { Operations } from './operations.ts'

test('only the owner can connect to the control socket, whatever the umask', async (t) => {
  const before = process.umask(0)
  t.after(() => process.umask(before))
  const data = temporaryFolder(t)
  const stop = await serveControl(data, administration, operations)
  equal(statSync(socketOf(data)).mode & 0o777, 0o600)
  equal(process.umask(), 0)
  await stop()
})

test('the folder of a socket outside the data folder is gone after the stop', async (t) => {
  const data = join(temporaryFolder(t), 'a'.repeat(100))
  mkdirSync(data)
  const folder = dirname(socketOf(data))
  notEqual(folder, data)
  const stop = await serveControl(data, administration, operations)
  ok(existsSync(folder))
  await stop()
  ok(!existsSync(folder))
})

test('an answer that is no JSON is a gateway that broke off, not a crash', async (t) => {
  const data = temporaryFolder(t)
  let answer = '[]'
  const server = createServer((_, response) => response.end(answer)).listen(socketOf(data))
  t.after(() => server.close())
  await once(server, 'listening')
  const gateway = await connectControl(data)
  for (answer of ['', '[', '{"id":']) await rejects(async () => gateway?.listKeys(), { code: 'control_broken' })
})

const operations: Operations = {
  reload: async () => ({ outcome: 'unchanged' }),
  restart: async () => ({ replaced: 0 }),
  health: async () => ({ ok: true, checks: [] }),
}

const administration: Administration = {
  listKeys: async () => [],
  listBudgets: async () => [],
  recordBackup: async () => ({}),
  recordArtifact: async () => ({}),
  createKey: () => Promise.reject(new Error('not asked for here')),
  revokeKey: () => Promise.reject(new Error('not asked for here')),
  listFindings: async () => [],
  showFinding: () => Promise.reject(new Error('not asked for here')),
  transitionFinding: () => Promise.reject(new Error('not asked for here')),
  listActions: async () => [],
  showAction: () => Promise.reject(new Error('not asked for here')),
  invertAction: () => Promise.reject(new Error('not asked for here')),
  resumeAction: () => Promise.reject(new Error('not asked for here')),
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
