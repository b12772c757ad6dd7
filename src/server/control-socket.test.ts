import { equal, ok, throws } from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeSocketFolder, removeSocketFolder, requireOwnSocket, socketOf } from './control-socket.ts'

test('the socket lies in the data folder where its path can be short enough', () => {
  equal(socketOf('/var/lib/holdfast'), '/var/lib/holdfast/control.sock')
  equal(socketOf(`/${'a'.repeat(86)}`).length, 100)
})

test('the socket of a deep data folder has a path of its own that fits', (t) => {
  const deep = deepFolder(t)
  const path = socketOf(deep)
  ok(Buffer.byteLength(path) <= 100, path)
  equal(socketOf(deep), path)
  ok(socketOf(`${deep}x`) !== path)
  makeSocketFolder(path, deep)
  requireOwnSocket(path, deep)
  removeSocketFolder(path, deep)
  equal(existsSync(dirname(path)), false)
})

test('a folder that somebody else could have made first is refused', (t) => {
  const deep = deepFolder(t)
  const path = socketOf(deep)
  const folder = dirname(path)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(folder)
  chmodSync(folder, 0o777)
  throws(() => makeSocketFolder(path, deep), { code: 'control_refused', message: /is open to others/ })
  throws(() => requireOwnSocket(path, deep), { code: 'control_refused' })
  rmSync(folder, { recursive: true })
  symlinkSync(deep, folder)
  throws(() => makeSocketFolder(path, deep), { code: 'control_refused' })
})

function deepFolder(t: TestContext): string {
  const top = mkdtempSync(join(tmpdir(), 'holdfast-'))
  t.after(() => rmSync(top, { recursive: true, force: true }))
  const deep = join(top, 'a'.repeat(50), 'b'.repeat(50))
  mkdirSync(deep, { recursive: true })
  return deep
}
