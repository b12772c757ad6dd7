// A disk that is full or fails: what cannot be recorded is refused, what was answered is in the log, and when the cause
// is gone the service resumes by itself.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { diskFiles, type LogFiles, type SyncedFile } from '#audit'
import { openGateway } from './support/gateway.ts'
import { holdfast } from './support/holdfast.ts'
import { chat, chatRequest, connectRaw, exchangeIdIn, sendRaw } from './support/raw.ts'
import { keepAsking, requireRecorded, type Served, type ServedOptions, startServed } from './support/served.ts'
import { type SmallDisk, smallDisk, smallDiskMissing } from './support/small-disk.ts'
import { heldStream } from './support/upstream.ts'

const patience = { skip: smallDiskMissing(), timeout: 60_000 }

for (const [how, args] of [
  ['one process', []],
  ['two workers', ['--workers', '2']],
] as const)
  test(`with ${how}, a full disk refuses what cannot be recorded, and loses nothing`, patience, async (t) => {
    const { served, disk } = await startOnSmallDisk(t, { args })
    const { port, key, gateway, cwd } = served
    const loads = [keepAsking(port, key)]
    t.after(() => Promise.all(loads.map((load) => load.stop())))
    await loads[0]?.begun
    const held = heldStream(served.upstream)
    const stream = await connectRaw(port)
    stream.write(chatRequest(key, { body: chat(held.said, { stream: true }) }))
    await stream.until('data: ')

    disk.fill()
    // What the journals have room for is served on; then nothing is.
    while ((await served.status()) !== 503);
    const before = await loads[0]?.stop()
    await refusesEverything(served)
    // It had its decision on disk when it began.
    held.end()
    await stream.until('[DONE]')
    equal((await served.command('audit', 'verify')).code, 0)

    const load = keepAsking(port, key)
    loads.push(load)
    await load.begun
    disk.free()
    while ((await served.status()) !== 200);
    const results = [before, await load.stop()].filter((result) => result !== undefined)
    for (const { statuses, errors } of results) deepEqual(Object.keys(statuses), ['200', '503'], errors.join('\n'))
    equal(await gateway.stop(), 0)
    const answered = results.flatMap((result) => result.answered)
    await requireRecorded(join(cwd, 'data'), [...answered, exchangeIdIn(stream.received) ?? ''])

    const told = gateway.stderr()
    match(told, /gets no new checkpoint \(the disk is full\)/)
    match(told, /cannot be written \(the disk is full\): requests are refused with 503 not_recorded until it can/)
    match(told, /the log is written again; \d+ entries were refused/)
    match(told, /the log gets its checkpoints again/)
    ok(told.split('\n').length < 12, `a line for each request:\n${told.slice(0, 4000)}`)
  })

/** Both sides of the API key, and operators, who are told why. */
async function refusesEverything({ port, key, command, edit }: Served): Promise<void> {
  for (const credential of [key, 'hold_unknown']) {
    const { status, body } = await sendRaw(port, chatRequest(credential))
    deepEqual([status, JSON.parse(body).error.code], [503, 'not_recorded'])
  }
  const keys = (await command('keys', 'list', '--json')).stdout
  const created = await command('keys', 'create', '--name', 'another')
  deepEqual([created.code, created.stdout], [2, ''])
  match(created.stderr, /^holdfast: [^\n]*full[^\n]*\n$/)
  equal((await command('keys', 'list', '--json')).stdout, keys)

  edit((yaml) => `${yaml}stageTimeout: 39s\n`)
  const reload = await command('config', 'reload')
  equal(reload.code, 1)
  match(reload.stderr, /the configuration stays as it was/)

  const recipient = await identityToRecipient(await generateIdentity())
  const backup = await command('store', 'backup', 'backup.age', '--recipient', recipient)
  equal(backup.code, 2, backup.stdout)
  match(backup.stderr, /full|no space/i)
}

test(
  'a budget that cannot be reserved on a full disk refuses, and costs nothing when there is room',
  patience,
  async (t) => {
    const yaml = 'limits:\n  budgets: [{ name: all, per: tenant, every: day, requests: 1000 }]'
    const { served, disk } = await startOnSmallDisk(t, { yaml })
    equal(await served.status(), 200)
    disk.fill()
    while ((await served.status()) === 200);
    const before = served.upstream.received.length
    const { status, body } = await sendRaw(served.port, chatRequest(served.key))
    deepEqual([status, JSON.parse(body).error.code], [503, 'not_inspected'])
    equal(served.upstream.received.length, before, 'nothing was forwarded')
    disk.free()
    while ((await served.status()) !== 200);
    const [budget] = await served.control.listBudgets()
    deepEqual([budget?.spent, budget?.reserved], [served.upstream.received.length, 0])
  },
)

test('a gateway does not start on a full disk, says why, and starts when there is room', patience, async (t) => {
  const { served, disk } = await startOnSmallDisk(t)
  equal(await served.gateway.stop(), 0)
  disk.fill()
  const { code, stdout, stderr } = await holdfast(['serve'], { cwd: served.cwd })
  deepEqual({ code, stdout }, { code: 2, stdout: '' }, stderr)
  match(stderr, /^holdfast: cannot [^\n]*(?:disk is full|no space left on device)[^\n]*\n$/)
  disk.free()
  const drafts = readdirSync(join(served.cwd, 'data', 'log')).filter((name) => name.endsWith('.tmp'))
  deepEqual(drafts, [], 'what was half written holds no room')
  equal((await served.command('audit', 'verify')).code, 0)
  equal((await served.command('keys', 'list')).code, 0)
})

for (const [code, words] of [
  ['EIO', 'the disk fails to read or write'],
  ['EROFS', 'the file system is read-only'],
] as const)
  test(`while the disk answers ${code}, nothing is promised; what was, is in the log`, async (t) => {
    const disk: FaultyDisk = { fault: undefined }
    const gateway = await openGateway({ world: { logFiles: faultyFiles(disk) } })
    t.after(() => gateway.close())
    const { key, port, data, installation, reports } = gateway
    const answered: string[] = []
    const ask = async (credential = key) => {
      const { status, headers } = await sendRaw(port, chatRequest(credential))
      if (status !== 503) answered.push(headers.get('x-request-id') ?? '')
      return status
    }
    equal(await ask(), 200)

    disk.fault = Object.assign(new Error(`${code}: as the test says`), { code })
    for (let count = 0; count < 20; count++) deepEqual([await ask(), await ask('hold_unknown')], [503, 503])

    disk.fault = undefined
    deepEqual([await ask(), await ask('hold_unknown')], [200, 401])
    const told = reports.filter((line) => line.includes('not_recorded'))
    equal(told.length, 1, reports.join(''))
    ok(told[0]?.includes(words), reports.join(''))
    await installation.log.checkpoint()
    await requireRecorded(data, answered)
  })

interface FaultyDisk {
  fault: Error | undefined
}

/** The disk under the log, on which every write fails while there is a fault. */
function faultyFiles(disk: FaultyDisk): LogFiles {
  const failing = <T extends { write: SyncedFile['write'] }>(file: T): T => ({
    ...file,
    write: (data, position) => (disk.fault === undefined ? file.write(data, position) : Promise.reject(disk.fault)),
  })
  return {
    ...diskFiles,
    open: async (path) => failing(await diskFiles.open(path)),
    openSynced: async (path) => failing(await diskFiles.openSynced(path)),
    create: async (path) => failing(await diskFiles.create(path)),
  }
}

/** A gateway whose data folder is a disk of its own. */
async function startOnSmallDisk(
  t: TestContext,
  options: ServedOptions = {},
): Promise<{ served: Served; disk: SmallDisk }> {
  const disk = smallDisk(t, 32)
  const prepare = (cwd: string) => symlinkSync(disk.path, join(cwd, 'data'))
  return { disk, served: await startServed(t, { ...options, prepare }) }
}
