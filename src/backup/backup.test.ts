import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateHybridIdentity, generateIdentity, identityToRecipient } from 'age-encryption'
import { openLog, verifyLog } from '#audit'
import { openKeyring } from '#crypto'
import { openStore } from '#store'
import { now, type Sample, type SampleTables, sample, sampleMigrations } from './fixtures.ts'
import { readBackup, restoreBackup, writeBackup } from './index.ts'

const hidden = (text: string) => ({ reveal: () => text })
const opener = ({ identity }: Sample) => ({ identities: [hidden(identity)] })
const target = (data: string) => ({
  data,
  migrations: sampleMigrations,
  openStore: (folder: string) => openStore({ path: join(folder, 'holdfast.db'), now }),
})

const things = async (path: string) => {
  await using store = await openStore({ path, now })
  return await store.database<SampleTables>().selectFrom('thing').selectAll().orderBy('id').execute()
}

test('what is restored is what was backed up: rows, log, keys and policies, and nothing else', async (t) => {
  for (const [entries, rows] of [
    [0, 0],
    [1, 1],
    [256, 200],
    [700, 1234],
  ] as const) {
    const here = await sample(t, entries, rows)
    const file = join(here.folder, 'backup.age')
    const written = await writeBackup(file, here.source, { recipients: [here.recipient] })
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(here.folder).sort(), ['backup.age', 'data'])

    const there = join(here.folder, 'restored')
    const report = await restoreBackup(file, opener(here), target(there))
    assert.deepEqual(report, written)
    assert.deepEqual([report.entries, report.rows], [entries, { empty: 0, thing: rows }])
    assert.deepEqual(readdirSync(there).sort(), ['holdfast.db', 'keys', 'log', 'policies'])
    assert.deepEqual(await things(join(there, 'holdfast.db')), await things(join(here.data, 'holdfast.db')))
    for (const path of [
      'keys/log.key',
      'keys/vault.key',
      'log/checkpoint',
      'log/log.pub',
      'policies/default.cedar',
      'policies/deep/a long name with ä.cedar',
    ]) {
      assert.deepEqual(readFileSync(join(there, path)), readFileSync(join(here.data, path)), path)
    }
    assert.equal(statSync(join(there, 'keys', 'log.key')).mode & 0o777, 0o600)
    assert.deepEqual((await verifyLog({ dir: join(there, 'log') })).problems, [])
    assert.ok(readFileSync(join(here.data, 'log/checkpoints')).equals(readFileSync(join(there, 'log/checkpoints'))))
  }
})

test('a restored log goes on under the same name and key, and contains what was published before', async (t) => {
  const here = await sample(t, 300)
  await here.log.checkpoint()
  const since = readFileSync(join(here.data, 'log', 'checkpoint'), 'utf8')
  await here.append(5)
  const file = join(here.folder, 'backup.age')
  await writeBackup(file, here.source, { recipients: [here.recipient] })
  const there = join(here.folder, 'restored')
  await restoreBackup(file, opener(here), target(there), { since })
  const keys = openKeyring(join(there, 'keys'), { randomBytes: () => assert.fail('no key is made') })
  const log = await openLog({ dir: join(there, 'log'), origin: 'sample.example/log', keys: keys.signing('log'), now })
  assert.equal(log.size, 305)
  await log.append({
    ...(await import('#audit')).applicationLifecycle({
      time: now(),
      uid: 'ev',
      activity: 'start',
      app: { name: 'x' },
      status: 'success',
    }),
  })
  await log.close()
  const report = await verifyLog({ dir: join(there, 'log'), since })
  assert.deepEqual([report.ok, report.size], [true, 306])
})

test('a backup that is older than a checkpoint kept elsewhere is a rollback, and is not restored', async (t) => {
  const here = await sample(t, 10)
  const file = join(here.folder, 'backup.age')
  await writeBackup(file, here.source, { recipients: [here.recipient] })
  await here.append(1)
  await here.log.checkpoint()
  const since = readFileSync(join(here.data, 'log', 'checkpoint'), 'utf8')
  const there = join(here.folder, 'restored')
  await assert.rejects(restoreBackup(file, opener(here), target(there), { since }), {
    message: /up to 10 entries.*of 11.*take back/,
  })
  assert.equal(existsSync(there), false)
  const other = await sample(t, 10)
  await other.log.checkpoint()
  const foreign = readFileSync(join(other.data, 'log', 'checkpoint'), 'utf8')
  await assert.rejects(readBackup(file, opener(here), { trust: { since: foreign } }), { code: 'signature' })
})

test('a backup is of one moment: rows that come later are not in it, and the log has all that the rows refer to', async (t) => {
  const here = await sample(t, 600, 800)
  const file = join(here.folder, 'backup.age')
  // The store of the backup is busy with its snapshot; the gateway has its own.
  await using gateway = await openStore({ path: join(here.data, 'holdfast.db'), now })
  const source = {
    ...here.source,
    async checkpoint() {
      const late = { id: 'late', n: 1, real: 1, bytes: null, parent: 'thing 1' }
      await gateway.database<SampleTables>().insertInto('thing').values(late).execute()
      await gateway.database<SampleTables>().deleteFrom('thing').where('id', '=', 'thing 700').execute()
      await here.append(7)
      await here.log.checkpoint()
      await here.append(500)
      await here.log.checkpoint()
    },
  }
  const report = await writeBackup(file, source, { recipients: [here.recipient] })
  assert.deepEqual([report.entries, report.rows.thing], [1107, 800])
  const there = join(here.folder, 'restored')
  await restoreBackup(file, opener(here), target(there))
  const ids = (await things(join(there, 'holdfast.db'))).map(({ id }) => id)
  assert.ok(ids.includes('thing 700') && !ids.includes('late'))
})

test('a backup opens with its passphrase, and with none that is nearly it', async (t) => {
  const here = await sample(t)
  const file = join(here.folder, 'backup.age')
  const passphrase = hidden('correct horse battery staple')
  await assert.rejects(writeBackup(file, here.source, { passphrase: hidden('short') }), { code: 'argument' })
  await writeBackup(file, here.source, { passphrase })
  await assert.rejects(readBackup(file, { passphrase: hidden('correct horse battery stable') }), { code: 'wrong_key' })
  await assert.rejects(readBackup(file, opener(here)), { code: 'wrong_key' })
})

test('a backup can be for several, for the quantum age too, and for nobody by mistake', async (t) => {
  const here = await sample(t)
  const hybrid = [await generateHybridIdentity(), await generateHybridIdentity()]
  const recipients = await Promise.all(hybrid.map(identityToRecipient))
  const file = join(here.folder, 'backup.age')
  await writeBackup(file, here.source, { recipients })
  for (const identity of hybrid) {
    assert.equal(
      (await readBackup(file, { identities: [hidden(await generateIdentity()), hidden(identity)] })).entries,
      3,
    )
  }
  await assert.rejects(readBackup(file, opener(here)), { code: 'wrong_key' })
  const another = join(here.folder, 'another.age')
  for (const wrong of [[], ['age1x'], [here.identity], [...recipients, here.recipient]]) {
    await assert.rejects(writeBackup(another, here.source, { recipients: wrong }), (error: Error) => {
      assert.ok(!error.message.includes(here.identity))
      return 'code' in error && error.code === 'argument'
    })
  }
  await assert.rejects(readBackup(file, { identities: [hidden('hunter2')] }), {
    code: 'argument',
    message: /identity 1/,
  })
  assert.equal(existsSync(another), false)
})

test('nothing that is there is overwritten, by a backup or by a restore', async (t) => {
  const here = await sample(t)
  const file = join(here.folder, 'backup.age')
  writeFileSync(file, 'precious')
  await assert.rejects(writeBackup(file, here.source, { recipients: [here.recipient] }), { code: 'exists' })
  assert.equal(readFileSync(file, 'utf8'), 'precious')
  const good = join(here.folder, 'good.age')
  await writeBackup(good, here.source, { recipients: [here.recipient] })
  await assert.rejects(restoreBackup(good, opener(here), target(here.data)), { code: 'exists', message: /not empty/ })
  const empty = join(here.folder, 'empty')
  mkdirSync(empty)
  await restoreBackup(good, opener(here), target(empty))
  assert.ok(existsSync(join(empty, 'log', 'checkpoint')))
})

test('what a killed backup or restore has left is cleared away by the next one', async (t) => {
  const here = await sample(t)
  const file = join(here.folder, 'backup.age')
  writeFileSync(`${file}.partial`, 'half a backup')
  await writeBackup(file, here.source, { recipients: [here.recipient] })
  const there = join(here.folder, 'restored')
  mkdirSync(join(`${there}.restoring`, 'keys'), { recursive: true })
  writeFileSync(join(`${there}.restoring`, 'restoring'), 'bak_sample\n')
  writeFileSync(join(`${there}.restoring`, 'keys', 'log.key'), 'half a key')
  await restoreBackup(file, opener(here), target(there))
  assert.deepEqual(readdirSync(here.folder).sort(), ['backup.age', 'data', 'restored'])
  // Without the mark of a restore it is somebody else's.
  mkdirSync(join(here.folder, 'other.restoring', 'thesis'), { recursive: true })
  await assert.rejects(restoreBackup(file, opener(here), target(join(here.folder, 'other'))), {
    code: 'exists',
    message: /in the way/,
  })
})

test('a restore that was killed in its very last step is finished by running it again', async (t) => {
  const here = await sample(t)
  const file = join(here.folder, 'backup.age')
  await writeBackup(file, here.source, { recipients: [here.recipient] })
  const there = join(here.folder, 'restored')
  await restoreBackup(file, opener(here), target(there))
  writeFileSync(join(there, 'restoring'), 'bak_sample\n')
  await restoreBackup(file, opener(here), target(there))
  assert.equal(existsSync(join(there, 'restoring')), false)
  writeFileSync(join(there, 'restoring'), 'bak_other\n')
  await assert.rejects(restoreBackup(file, opener(here), target(there)), { code: 'exists', message: /bak_other/ })
})

test('a log that is damaged is not backed up, and the reason is given', async (t) => {
  const here = await sample(t, 300)
  await here.log.checkpoint()
  const bundle = join(here.data, 'log', 'tile', 'entries', '000')
  const bytes = readFileSync(bundle)
  bytes[100] = (bytes[100] ?? 0) ^ 1
  writeFileSync(bundle, bytes)
  const file = join(here.folder, 'backup.age')
  await assert.rejects(writeBackup(file, here.source, { recipients: [here.recipient] }), { code: 'damaged' })
  assert.deepEqual(readdirSync(here.folder), ['data'])
})
