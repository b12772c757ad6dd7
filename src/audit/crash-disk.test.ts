import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { CrashDisk } from './crash-disk.ts'

test('after a power cut only what was synced is there, and only under names that were', async () => {
  const disk = await diskWithFile('synced')
  const file = await disk.open('/d/file')
  await file.write(Buffer.from('UNSYNCED'), 0)
  await (await disk.create('/d/nameless')).datasync()
  equal(await textOf(disk, '/d/file'), 'UNSYNCED')
  const found = disk.afterCrash()
  equal(await textOf(found, '/d/file'), 'synced')
  equal(await found.read('/d/nameless'), undefined)
})

test('a rename is not there before its folder was synced, and then as a whole', async () => {
  const disk = await diskWithFile('old')
  const draft = await disk.create('/d/draft')
  await draft.write(Buffer.from('new'), 0)
  await draft.datasync()
  await disk.rename('/d/draft', '/d/file')
  equal(await textOf(disk.afterCrash(), '/d/file'), 'old')
  await disk.syncFolder('/d')
  equal(await textOf(disk.afterCrash(), '/d/file'), 'new')
})

test('a file in a folder that was never synced is gone with it', async () => {
  const disk = new CrashDisk()
  await disk.makeFolder('/d/e')
  await (await disk.create('/d/e/file')).datasync()
  await disk.syncFolder('/d/e')
  await disk.syncFolder('/d')
  equal(await disk.afterCrash().read('/d/e/file'), undefined)
  await disk.syncFolder('/')
  deepEqual(disk.afterCrash().paths(), ['/d/e/file'])
})

test('an unsynced write can survive in part, sector by sector', async () => {
  const disk = await diskWithFile('a'.repeat(2048))
  const file = await disk.open('/d/file')
  await file.write(Buffer.alloc(1024, 'b'), 100)
  let asked = 0
  const found = disk.afterCrash(() => asked++ % 2 === 1)
  equal(await textOf(found, '/d/file'), 'a'.repeat(512) + 'b'.repeat(512) + 'a'.repeat(1024))
})

test('once the power is out, every operation fails', async () => {
  const disk = new CrashDisk({ crashAt: 2 })
  await disk.makeFolder('/d')
  const file = await disk.create('/d/file')
  await rejects(file.write(Buffer.from('x'), 0), /power is out/)
  await rejects(file.datasync(), /power is out/)
})

async function diskWithFile(text: string): Promise<CrashDisk> {
  const disk = new CrashDisk()
  await disk.makeFolder('/d')
  await disk.syncFolder('/')
  const file = await disk.create('/d/file')
  await file.write(Buffer.from(text), 0)
  await file.datasync()
  await disk.syncFolder('/d')
  return disk
}

async function textOf(disk: CrashDisk, path: string): Promise<string> {
  return Buffer.from((await disk.read(path)) ?? []).toString()
}
