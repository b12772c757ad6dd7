import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { PolicyError } from './errors.ts'
import { type FolderReader, loadPolicies } from './load.ts'

const reader: FolderReader = { listFiles: (folder) => readdir(folder), readFile: (path) => readFile(path, 'utf8') }

const PERMIT = 'permit(principal, action, resource);'
const SCHEMA = 'entity User; action view appliesTo { principal: User, resource: User };'

test('a folder is loaded in the order of its file names, with its schema', async () => {
  await using folder = await folderOf({
    'b.cedar': `${PERMIT}\n${PERMIT}`,
    'a.cedar': 'forbid(principal, action == Action::"view", resource);',
    'x.cedarschema': SCHEMA,
    '.hidden': 'x',
  })
  const set = await loadPolicies(folder.path, reader)
  assert.deepEqual(
    set.policies.map(({ id }) => id),
    ['a#1', 'b#1', 'b#2'],
  )
  assert.deepEqual(set.warnings, [])
  assert.ok(set.schema?.entityTypes.has('User'))
})

test('a schema may be in JSON', async () => {
  const schema = { '': { entityTypes: { User: {} }, actions: { view: {} } } }
  await using folder = await folderOf({ 'a.cedar': PERMIT, 'x.cedarschema.json': JSON.stringify(schema) })
  assert.ok((await loadPolicies(folder.path, reader)).schema?.entityTypes.has('User'))
})

test('a folder without a policy is an error, and not a refusal of everything', async () => {
  await using empty = await folderOf({})
  await using blank = await folderOf({ 'a.cedar': '// nothing yet\n', 'x.cedarschema': SCHEMA })
  for (const { path } of [empty, blank]) await refused(loadPolicies(path, reader), 'unreadable', /there is no policy/)
})

test('a folder or a file that cannot be read is an error that names it', async () => {
  await using folder = await folderOf({ 'a.cedar': PERMIT })
  await mkdir(join(folder.path, 'b.cedar'))
  await refused(loadPolicies(folder.path, reader), 'unreadable', /b\.cedar: EISDIR/)
  await refused(loadPolicies(join(folder.path, 'none'), reader), 'unreadable', /none: ENOENT/)
})

test('two schemas are refused', async () => {
  await using folder = await folderOf({ 'a.cedar': PERMIT, 'x.cedarschema': SCHEMA, 'y.cedarschema': SCHEMA })
  await refused(loadPolicies(folder.path, reader), 'unreadable', /more than one schema: x\.cedarschema, y\.cedarschema/)
})

test('a file that is neither policy nor schema is named in a warning, because it may be a policy with a wrong name', async () => {
  await using folder = await folderOf({ 'a.cedar': PERMIT, 'b.ceder': PERMIT })
  const { warnings } = await loadPolicies(folder.path, reader)
  assert.deepEqual(
    warnings.map(({ file }) => file),
    ['b.ceder'],
  )
})

test('a mistake is told with file, line, column and policy', async () => {
  await using folder = await folderOf({ 'a.cedar': PERMIT, 'b.cedar': `${PERMIT}\n@id("late") permit(principal);` })
  await refused(loadPolicies(folder.path, reader), 'syntax', /^b\.cedar:2:29: policy b#2: /)
})

test('loading policies does not load Cedar into the thread that asks', async () => {
  await using folder = await folderOf({ 'a.cedar': PERMIT, 'x.cedarschema': SCHEMA })
  await loadPolicies(folder.path, reader)
  const modules = Object.keys(createRequire(import.meta.url).cache)
  assert.deepEqual(
    modules.filter((path) => path.includes('cedar-wasm')),
    [],
  )
})

async function folderOf(files: Record<string, string>): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-policy-'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

async function refused(loading: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(loading, (error) => {
    assert.ok(error instanceof PolicyError)
    assert.match(error.message, message)
    assert.equal(error.code, code)
    return true
  })
}
