// Backups from an enemy: cut, changed, forged by somebody who knows the format and for whom it is sealed.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { openStore } from '#store'
import { collect, forge, membersOf, now, type Sample, sample, sampleMigrations, seal } from './fixtures.ts'
import { readBackup, restoreBackup, writeBackup } from './index.ts'
import { isBackedUp, placeOf } from './manifest.ts'
import { encodeMember, endOfArchive, type Member, readMembers } from './tar.ts'

const cleanups: (() => unknown)[] = []
const owner = { after: (cleanUp: () => unknown) => cleanups.push(cleanUp) }
test.after(async () => {
  for (const cleanUp of cleanups) await cleanUp()
})

let here: Sample
let whole: Buffer
let members: Member[]
let files = 0
before(async () => {
  here = await sample(owner, 300, 300)
  const file = join(here.folder, 'whole.age')
  await writeBackup(file, here.source, { recipients: [here.recipient] })
  whole = readFileSync(file)
  members = await membersOf(
    (async function* () {
      yield whole
    })(),
    here.identity,
  )
})

/** Neither verified nor restored, and nothing is left of the attempt. */
async function refused(backup: Uint8Array, expected: { code?: string | RegExp; message?: RegExp } = {}) {
  const file = join(here.folder, `hostile-${files++}.age`)
  writeFileSync(file, backup)
  const opening = { identities: [{ reveal: () => here.identity }] }
  const data = join(here.folder, `restored-${files}`)
  const openAt = (folder: string) => openStore({ path: join(folder, 'holdfast.db'), now })
  const before = readdirSync(here.folder)
  const matches = (error: Error) => {
    const code = 'code' in error ? String(error.code) : ''
    assert.match(
      code,
      /^(?:damaged|newer|signature|key_file|wrong_key|migration_unknown|foreign_key|sql|type|unique|not_null)$/,
      error.stack ?? '',
    )
    if (expected.message) assert.match(error.message, expected.message)
    return true
  }
  await assert.rejects(restoreBackup(file, opening, { data, migrations: sampleMigrations, openStore: openAt }), matches)
  assert.deepEqual(readdirSync(here.folder), before)
}

const replaced = (name: string | RegExp, change: (data: Buffer) => Uint8Array) =>
  members.map((member) =>
    (typeof name === 'string' ? member.name === name : name.test(member.name))
      ? { name: member.name, data: change(Buffer.from(member.data)) }
      : member,
  )
const json = (change: (value: Record<string, unknown>) => object) => (data: Buffer) =>
  Buffer.from(JSON.stringify(change(JSON.parse(data.toString()))))

test('the untouched backup is restored: what is refused below is refused for its change alone', async () => {
  const again = await forge(members, here.recipient)
  const file = join(here.folder, 'again.age')
  writeFileSync(file, again)
  const report = await readBackup(file, { identities: [{ reveal: () => here.identity }] })
  assert.deepEqual([report.entries, report.rows.thing], [300, 300])
})

test('a backup that is cut anywhere, or changed in any byte, is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      await refused(whole.subarray(0, at))
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ change
      await refused(changed)
    }),
    { numRuns: 10 },
  )
  await refused(Buffer.concat([whole, Buffer.from([0])]))
  await refused(Buffer.concat([whole, whole]))
})

test('a file that is no backup is refused at once, however large', async () => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(3 << 20),
    Buffer.from('age-encryption.org/v1\n'),
    Buffer.concat([Buffer.from('age-encryption.org/v1\n'), Buffer.alloc(3 << 20, 'a')]),
  ]) {
    await refused(bytes, { message: /no backup|cut or changed/ })
  }
  await refused(await seal([Buffer.from('PK\u0003\u0004 a zip of zips')], here.recipient))
  await refused(await seal([], here.recipient))
})

test('a member that is left out, doubled or moved is refused, though its hashes fit', async () => {
  for (const at of members.keys()) {
    await refused(await forge(members.toSpliced(at, 1), here.recipient))
  }
  for (const at of [0, 1, 2, 3, members.length - 2]) {
    const member = members[at]
    assert.ok(member)
    await refused(await forge(members.toSpliced(at, 0, member), here.recipient))
    // The end comes last by itself.
    if (at < members.length - 2) await refused(await forge([...members.toSpliced(at, 1), member], here.recipient))
  }
})

test('no name leads out of the folder, or to a place that is not ours', async () => {
  const data = Buffer.from('x')
  const names = [
    '../evil',
    '/etc/passwd',
    'keys/../../evil.key',
    'keys/sub/evil.key',
    'keys/LOG.KEY',
    'files/../evil',
    'files/policies/../../evil',
    'files/policies/..',
    'files/policies//x',
    'files/policies/a\\..\\..\\b',
    'files/policies/C:evil',
    'files/policies/a\nb',
    'files/control.sock',
    'files/log/checkpoint',
    'log/journal.0',
    'log/entries/../../x',
    'holdfast.db',
    'store/../x/1',
    'store/sqlite_schema/x',
  ]
  for (const name of names) {
    assert.throws(() => placeOf(name), { code: 'damaged' }, name)
    const at = members.findIndex((member) => member.name.startsWith('files/'))
    await refused(await forge(members.toSpliced(at, 0, { name, data }), here.recipient), { message: /not one of ours/ })
  }
  assert.equal(existsSync(join(here.folder, 'evil')), false)
  fc.assert(
    fc.property(fc.array(fc.constantFrom('..', '.', '', 'a', 'policies', '\\', 'ä b', 'a:b')), (parts) => {
      const path = parts.join('/')
      if (isBackedUp(path)) assert.ok(join('/data', path).startsWith('/data/policies/'), path)
    }),
  )
})

test('what a member says of itself is not believed: sizes, kinds and sums', async () => {
  const [header] = encodeMember({ name: 'keys/log.key', data: Buffer.alloc(10) })
  assert.ok(header)
  const forged = (change: (header: Buffer) => void) => {
    const copy = Buffer.from(header)
    change(copy)
    const blank = Buffer.from(copy).fill(' ', 148, 156)
    const sum = blank.reduce((total, byte) => total + byte, 0)
    copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return copy
  }
  const headers = [
    forged((copy) => copy.write('77777777777\0', 124)), // 8 GiB
    forged((copy) => copy.write('-0000000010', 124)),
    forged((copy) => copy.write('2', 156)), // a symbolic link
    forged((copy) => copy.write('5', 156)), // a folder
    forged((copy) => copy.write('x', 156)), // an extension
    forged((copy) => copy.write('gnutar', 257)),
    Buffer.from(header).fill('1', 148, 154),
  ]
  for (const bytes of headers) {
    const archive = async function* () {
      yield bytes
      yield Buffer.alloc(4096)
    }
    await assert.rejects(collect(readMembers(archive())), { code: 'damaged' })
    await refused(await seal([bytes, Buffer.alloc(4096)], here.recipient))
  }
  const [start] = encodeMember(members[0] ?? { name: 'x', data: Buffer.alloc(0) })
  assert.ok(start)
  await refused(await seal([start], here.recipient), { message: /too soon/ })
  const all = members.flatMap(encodeMember)
  await refused(await seal([...all, endOfArchive, endOfArchive], here.recipient))
  await refused(await seal(all, here.recipient), { message: /too soon/ })
})

test('an archive gives back what was put in, whatever the pieces in which it arrives', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ size: fc.nat(3000), fill: fc.nat(255) }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 5000 }),
      async (sizes, step) => {
        const put = sizes.map(({ size, fill }, at) => ({
          name: `log/entries/${at}`,
          data: new Uint8Array(size).fill(fill),
        }))
        const archive = Buffer.concat([...put.flatMap(encodeMember), endOfArchive])
        const pieces = async function* () {
          for (let at = 0; at < archive.length; at += step) yield archive.subarray(at, at + step)
        }
        const got = await collect(readMembers(pieces()))
        assert.deepEqual(
          got.map(({ name, data }) => ({ name, data: new Uint8Array(data) })),
          put,
        )
      },
    ),
  ))

test('a manifest of a newer format, or one that is wrong, is refused', async () => {
  const manifest = 'holdfast-backup.json'
  const change = (how: Parameters<typeof json>[0]) => forge(replaced(manifest, json(how)), here.recipient)
  await refused(await change((value) => ({ ...value, format: 2, more: true })), { message: /format 2/ })
  await refused(await change((value) => ({ ...value, more: true })))
  await refused(await change((value) => ({ ...value, origin: 'other.example/log' })))
  await refused(await change((value) => ({ ...value, logSize: 299 })))
  await refused(await change((value) => ({ ...value, migrations: ['future/0001-x'] })), { message: /newer/ })
  await refused(await change((value) => ({ ...value, migrations: [] })))
  await refused(await change((value) => ({ ...value, tables: [] })))
  await refused(
    await forge(
      replaced(manifest, () => Buffer.from('{')),
      here.recipient,
    ),
  )
})

test('entries that were changed, or a log of somebody else, are refused', async () => {
  await refused(
    await forge(
      replaced('log/entries/0', (data) => {
        data[50] = (data[50] ?? 0) ^ 1
        return data
      }),
      here.recipient,
    ),
    { message: /not those of the checkpoint/ },
  )
  const other = await sample(owner, 300)
  await other.log.checkpoint()
  const theirs = (name: string) => readFileSync(join(other.data, name))
  await refused(
    await forge(
      replaced('log/checkpoint', () => theirs('log/checkpoint')),
      here.recipient,
    ),
  )
  await refused(
    await forge(
      replaced('keys/log.key', () => theirs('keys/log.key')),
      here.recipient,
    ),
    {
      message: /not the one that signed/,
    },
  )
  await refused(
    await forge(
      replaced('keys/vault.key', (data) => data.subarray(1)),
      here.recipient,
    ),
  )
  await refused(
    await forge(
      replaced('log/checkpoints/0', (data) => data.subarray(0, data.length - 1).fill(65, 10, 40)),
      here.recipient,
    ),
  )
})

test('rows that do not fit are refused: their number, their columns, their values, what they refer to', async () => {
  const lines = (change: (row: unknown[]) => unknown) => (data: Buffer) => {
    const rows = data
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    return Buffer.from(rows.map((row, at) => `${JSON.stringify(at === 0 ? change(row) : row)}\n`).join(''))
  }
  const change = (how: (row: unknown[]) => unknown) => forge(replaced('store/thing/0', lines(how)), here.recipient)
  await refused(await change((row) => row.slice(1)))
  await refused(await change((row) => [...row, 1]))
  await refused(await change(([, ...rest]) => [null, ...rest]))
  await refused(await change(([, ...rest]) => ['thing 1', ...rest]))
  await refused(await change(([id, , ...rest]) => [id, 'no number', ...rest]))
  await refused(await change((row) => [...row.slice(0, -1), 'nobody']))
  await refused(await change(() => ({ toString: 'x' })))
  await refused(await change((row) => [{ base64: '***' }, ...row.slice(1)]))
  await refused(
    await forge(
      replaced('store/thing/0', (data) => data.subarray(0, data.length - 5)),
      here.recipient,
    ),
  )
  const elsewhere = members.map(({ name, data }) => ({
    name: name.replace('store/thing/', 'store/holdfast_migrations/'),
    data,
  }))
  await refused(await forge(elsewhere, here.recipient))
})
