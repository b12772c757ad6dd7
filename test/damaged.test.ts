// What is damaged, foreign or newer stops the start: with one line that says what it is, and the program ends.
import { deepEqual, equal, match } from 'node:assert/strict'
import { chmodSync, chownSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, type TestContext, test } from 'node:test'
import { holdfast, temporaryFolder } from './support/holdfast.ts'

const whole = join(temporaryFolder({ after }), 'data')
equal((await holdfast(['keys', 'create', '--name', 'test', '--data', whole])).code, 0)
const isRoot = process.getuid?.() === 0

interface Damage {
  readonly to: (data: string) => void
  readonly told: RegExp
  readonly skip?: string | false
}

const damages: Record<string, Damage> = {
  'a store that is no database': {
    to: (data) => writeFileSync(join(data, 'holdfast.db'), 'not a database'),
    told: /holdfast\.db cannot be used: the file is not a database/,
  },
  'the store of another program': {
    to(data) {
      rmSync(join(data, 'holdfast.db'))
      change(data, 'create table theirs (x)')
    },
    told: /holdfast\.db cannot be used: .*another program/,
  },
  'a store that a newer program has changed': {
    to: (data) => change(data, "insert into holdfast_migrations values ('future/0001', '', 0)"),
    told: /newer/,
  },
  'an entry that was changed': {
    to(data) {
      const file = fileIn(join(data, 'log', 'tile', 'entries'))
      const bytes = readFileSync(file)
      bytes[bytes.indexOf('operator')] = 0x4f
      writeFileSync(file, bytes)
    },
    told: /the tree in .*log is not what its checkpoint says; run 'holdfast audit verify'/,
  },
  'a log without its checkpoint': {
    to: (data) => rmSync(join(data, 'log', 'checkpoint')),
    told: /has a tree but no checkpoint; restore it from a backup/,
  },
  'a log key that others can read': {
    to: (data) => chmodSync(join(data, 'keys', 'log.key'), 0o644),
    told: /log\.key/,
  },
  'a log key that is cut': {
    to: (data) => writeFileSync(join(data, 'keys', 'log.key'), readFileSync(join(data, 'keys', 'log.key')).subarray(1)),
    told: /log\.key/,
  },
  'a log key of another installation': {
    to: (data) => rmSync(join(data, 'keys', 'log.key')),
    told: /was made with other keys/,
  },
  'a folder that others can write to': {
    to: (data) => chmodSync(data, 0o777),
    told: /others than its owner can write to .*data: run chmod go-w /,
  },
  'the folder of another user': {
    to: (data) => chownSync(data, 12_345, 12_345),
    told: /belongs to the user with id 12345: run this as that user/,
    skip: !isRoot && 'NOT TESTED: only root can give a folder away',
  },
}

for (const [what, { to, told, skip = false }] of Object.entries(damages))
  test(`${what} stops the start`, { skip, timeout: 20_000 }, async (t) => {
    const data = damaged(t, to)
    const { code, stdout, stderr } = await holdfast(['up', '--json', '--port', '0', '--data', data])
    deepEqual({ code, stdout }, { code: 2, stdout: '' }, stderr)
    match(stderr, /^holdfast: [^\n]*\n$/)
    match(stderr, told)
    // The lock was given back, nothing was repaired behind anyone's back.
    deepEqual((await holdfast(['keys', 'list', '--data', data])).stderr, stderr)
  })

test('an entry that was changed is named by audit verify', async (t) => {
  const data = damaged(t, damages['an entry that was changed']?.to)
  const { code, stdout } = await holdfast(['audit', 'verify', '--data', data])
  equal(code, 1)
  match(stdout, /entry \d+/)
})

/** A copy of the installation, with that damage. */
function damaged(t: TestContext, damage: Damage['to'] = () => {}): string {
  const data = join(temporaryFolder(t), 'data')
  cpSync(whole, data, { recursive: true })
  damage(data)
  return data
}

function change(data: string, sql: string): void {
  const database = new DatabaseSync(join(data, 'holdfast.db'))
  database.exec(sql)
  database.close()
}

/** The newest file anywhere in a folder. */
function fileIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name))
  return paths.sort().at(-1) ?? 'none'
}
