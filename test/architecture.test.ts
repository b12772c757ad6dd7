// The house holds: rooms import only lower floors, only through their front door, and never in a circle.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type SourceFile, violations } from './support/architecture.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

test('the sources keep to the floors, without circles and side doors', () => {
  const files = sourcesOf(join(root, 'src'))
  assert.ok(files.length > 20, 'the sources were found')
  assert.deepEqual(violations(files), [])
})

test('a room that imports a higher floor is named', () => {
  const broken = [file('audit/log.ts', "import { openGateway } from '#gateway'"), file('gateway/index.ts', '')]
  assert.deepEqual(violations(broken), ['audit/log.ts: audit (floor 1) may not import gateway (floor 8)'])
})

test('a room that imports its own floor is named', () => {
  const broken = [file('wire/chat.ts', "import { inspect } from '#inspect'"), file('inspect/index.ts', '')]
  assert.deepEqual(violations(broken), ['wire/chat.ts: wire (floor 3) may not import inspect (floor 3)'])
})

test('a side door is named, however it is spelled', () => {
  const broken = [
    file('gateway/read.ts', "import { scan } from '../wire/json.ts'\nexport * from '#wire/json.ts'"),
    file('gateway/write.ts', "const scan = await import('../wire/index.ts')"),
    file('wire/json.ts', ''),
    file('wire/index.ts', ''),
  ]
  assert.deepEqual(violations(broken), [
    "gateway/read.ts: side door '../wire/json.ts'; import '#wire'",
    "gateway/read.ts: side door '#wire/json.ts'; import '#wire'",
    "gateway/write.ts: side door '../wire/index.ts'; import '#wire'",
  ])
})

test('a circle of files inside a room is named', () => {
  const broken = [
    file('limits/a.ts', "import { b } from './b.ts'"),
    file('limits/b.ts', "import { c } from './c.ts'"),
    file('limits/c.ts', "import { a } from './a.ts'"),
  ]
  assert.deepEqual(violations(broken), ['circle: limits/a.ts → limits/b.ts → limits/c.ts → limits/a.ts'])
})

test('a room that the design does not know is named', () => {
  assert.deepEqual(violations([file('utils/index.ts', '')]), ['utils/index.ts: no room of that name in the design'])
})

function file(path: string, text: string): SourceFile {
  return { path, text }
}

function sourcesOf(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) =>
      file(relative(folder, join(folder, name)).replaceAll(sep, '/'), readFileSync(join(folder, name), 'utf8')),
    )
}
