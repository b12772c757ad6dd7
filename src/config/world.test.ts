// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a configuration writes a reference
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { z } from 'zod'
import { loadConfig, systemWorld } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'))
after(() => rmSync(folder, { recursive: true }))
const schema = z.strictObject({ name: z.string() })
const load = (path: string) => loadConfig(path, schema, systemWorld)

test('a configuration is read from a real file, its references from the real environment', () => {
  const file = join(folder, 'a.yaml')
  writeFileSync(file, '\uFEFFname: "${PATH}"\n')
  assert.deepEqual(load(file), { name: process.env.PATH })
})

test('a folder, a missing file, text that is not UTF-8 and an endless file are each told apart', () => {
  const latin1 = join(folder, 'latin1.yaml')
  writeFileSync(latin1, Buffer.from([0x6e, 0xe9]))
  assert.throws(() => load(latin1), { code: 'unreadable', message: /not UTF-8/ })
  assert.throws(() => load(folder), { code: 'unreadable', message: /it is a folder/ })
  assert.throws(() => load(join(folder, 'none.yaml')), { code: 'unreadable', message: /does not exist/ })
  assert.throws(() => load(join(latin1, 'x')), { code: 'unreadable', message: /not a folder/ })
  if (process.platform === 'linux') assert.throws(() => load('/dev/zero'), { code: 'unreadable', message: /too large/ })
})
