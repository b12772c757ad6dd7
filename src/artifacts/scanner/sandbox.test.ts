// The sandbox as it is: what code in it could do, and what becomes of a file whose process dies.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { defaultLimits } from '../budget.ts'
import { type SandboxSettings, sandboxArguments } from './child.ts'
import type { Content } from './content.ts'
import { type ScanFilesOptions, scanFiles, type Target } from './scan-files.ts'

const sandbox: SandboxSettings = {
  node: process.execPath,
  conditions: ['holdfast-source'],
  compileCache: undefined,
  memoryBytes: 2 * 1024 ** 3,
}

const options: ScanFilesOptions = {
  limits: defaultLimits,
  jobs: 1,
  sandbox,
  wantsDigest: () => false,
  allowedIn: () => [],
}

test('code in the sandbox can neither read, write, connect, start a program nor make code of text', async (t) => {
  const folder = temporaryFolder(t)
  const secret = join(folder, 'secret')
  writeFileSync(secret, 'secret')
  let connections = 0
  const server = createServer(() => connections++).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const attempts = `
    import fs from 'node:fs'
    import net from 'node:net'
    import dgram from 'node:dgram'
    import dns from 'node:dns'
    import inspector from 'node:inspector'
    import { spawnSync, execSync } from 'node:child_process'
    import { Worker } from 'node:worker_threads'
    import { giveUpPermissions } from ${JSON.stringify(new URL('./permissions.ts', import.meta.url))}
    giveUpPermissions()
    const folder = ${JSON.stringify(folder)}
    const tries = {
      read: () => fs.readFileSync(folder + '/secret'),
      list: () => fs.readdirSync('/'),
      ownCode: () => fs.readFileSync(${JSON.stringify(import.meta.filename)}),
      write: () => fs.writeFileSync(folder + '/written', 'x'),
      temporary: () => fs.mkdtempSync('/tmp/x'),
      remove: () => fs.rmSync(folder + '/secret'),
      link: () => fs.symlinkSync('/etc/passwd', folder + '/link'),
      spawn: () => { const { error } = spawnSync('true'); if (error) throw error },
      exec: () => execSync('true'),
      worker: () => new Worker('1', { eval: true }),
      eval: () => (0, eval)('1'),
      makeFunction: () => new Function('return 1')(),
      addon: () => process.dlopen({ exports: {} }, '/lib/x.node'),
      inspector: () => inspector.open(0),
    }
    const later = {
      connect: (done) => net.connect(${port}, '127.0.0.1').on('connect', () => done('worked')).on('error', (e) => done(e.code)),
      resolve: (done) => dns.lookup('localhost', (e) => done(e?.code ?? 'worked')),
      send: (done) => { const s = dgram.createSocket('udp4'); s.on('error', (e) => done(e.code)); s.send('x', ${port}, '127.0.0.1', (e) => done(e?.code ?? 'worked')) },
      import: (done) => import(${JSON.stringify(new URL('./walk.ts', import.meta.url))}).then(() => done('worked'), (e) => done(e.code)),
    }
    const results = { env: Object.keys(process.env).filter((name) => name !== 'MALLOC_ARENA_MAX').join() || 'refused' }
    for (const [name, attempt] of Object.entries(tries)) {
      try { attempt(); results[name] = 'worked' } catch (error) { results[name] = 'refused' }
    }
    for (const [name, attempt] of Object.entries(later)) {
      try { results[name] = await new Promise(attempt) === 'worked' ? 'worked' : 'refused' } catch { results[name] = 'refused' }
    }
    console.log(JSON.stringify(results))
    process.exit()
  `
  const flags = sandboxArguments(sandbox).slice(0, -1)
  const { stdout } = await promisify(execFile)(sandbox.node, [...flags, '--input-type=module', '--eval', attempts], {
    env: { MALLOC_ARENA_MAX: '1' },
    cwd: '/',
  })
  const results: Record<string, string> = JSON.parse(stdout)
  assert.ok(Object.keys(results).length > 15)
  assert.deepEqual(
    Object.entries(results).filter(([, result]) => result !== 'refused'),
    [],
  )
  assert.equal(connections, 0)
})

test('a file is judged by its bytes alone, many in one process, and nothing is kept from one to the next', async () => {
  const evil = Buffer.from('cos\nsystem\n(S"id"\ntR.')
  const files = await scanFiles([target('a', evil), target('b', Buffer.alloc(0)), target('c', evil)], options)
  assert.deepEqual(
    files.map(({ report }) => [report.path, report.verdict, report.maxSeverity]),
    [
      ['a', 'findings', 'critical'],
      ['b', 'clean', undefined],
      ['c', 'findings', 'critical'],
    ],
  )
  const [first, , last] = files
  assert.equal(first?.report.findings.length, last?.report.findings.length)
})

test('a process that grows beyond its memory is killed, and its file is inconclusive', async () => {
  const few = 20 * 1024 ** 2
  const files = await scanFiles([target('a', Buffer.alloc(0)), target('b', stalled())], {
    ...options,
    sandbox: { ...sandbox, memoryBytes: few },
  })
  for (const { report } of files) {
    assert.equal(report.verdict, 'inconclusive')
    assert.match(report.incomplete[0]?.reason ?? '', /ended|limit reached: more than 20971520 bytes of memory/)
  }
})

test('a file that never ends is given up, and the next is scanned in a fresh process', async () => {
  const files = await scanFiles([target('a', stalled()), target('b', Buffer.alloc(0))], {
    ...options,
    limits: { ...defaultLimits, timeMs: 400 },
  })
  assert.deepEqual(
    files.map(({ report }) => [report.path, report.verdict, report.incomplete[0]?.reason]),
    [
      ['a', 'inconclusive', 'limit reached: more than 400 ms'],
      ['b', 'clean', undefined],
    ],
  )
})

test('a file that cannot be read any more is inconclusive, and says so', async () => {
  const content = { ...bytesContent(Buffer.alloc(1024 * 1024, 0x80)), headBytes: 10 }
  const broken: Content = {
    ...content,
    read: (offset, length) => (offset > 0 ? Promise.reject(new Error('secret path')) : content.read(offset, length)),
  }
  const [file] = await scanFiles([{ path: 'a', open: async () => broken }], options)
  assert.equal(file?.report.verdict, 'inconclusive')
  assert.match(JSON.stringify(file?.report.incomplete), /cannot be read/)
  assert.ok(!JSON.stringify(file?.report).includes('secret'))
})

test('a file that changes while it is read is inconclusive', async () => {
  const content: Content = { ...bytesContent(Buffer.from('{}')), isUnchanged: async () => false }
  const [file] = await scanFiles([{ path: 'a', open: async () => content }], options)
  assert.equal(file?.report.incomplete[0]?.reason, 'the file changed while it was read')
})

const ready = String.raw`\002\000\000\000\001`.replace('002', '001')
const liars: Readonly<Record<string, string>> = {
  'says nothing and goes': 'exit 0',
  'is killed': `printf '${ready}'; kill -9 $$`,
  'sends noise': 'cat /dev/zero',
  'sends a frame without end': String.raw`printf '${ready}\377\377\377\377\003'; sleep 30`,
  'asks for bytes that are not there': String.raw`printf '${ready}'; head -c 40 >&3; printf '\015\000\000\000\002\377\377\377\377\377\377\377\377\377\377\377\377'; sleep 30`,
  'sends a report that is none': String.raw`printf '${ready}'; head -c 6 >&3; printf '\003\000\000\000\003{}'; sleep 30`,
  'sends the report of another file': String.raw`printf '${ready}'; head -c 6 >&3; printf '\163\000\000\000\003'; printf '%-114s' '{"path":"other","formats":["x"],"verdict":"clean","findings":[],"incomplete":[],"droppedFindings":0}'; sleep 30`,
}

for (const [does, script] of Object.entries(liars))
  test(`a process that ${does} is not believed`, async (t) => {
    if (process.platform === 'win32') return t.skip('it is a shell script')
    const fake = join(temporaryFolder(t), 'node')
    writeFileSync(fake, `#!/bin/sh\nexec 3>/dev/null\n${script}\n`)
    chmodSync(fake, 0o700)
    const [file] = await scanFiles([target('a', Buffer.from('x'.repeat(100)))], {
      ...options,
      sandbox: { ...sandbox, node: fake },
    })
    assert.equal(file?.report.verdict, 'inconclusive')
    assert.match(file?.report.incomplete[0]?.reason ?? '', /broke the protocol|ended|cannot be read/)
  })

test('a scan that is stopped ends at once', async () => {
  const abort = new AbortController()
  const waits: Target = {
    path: 'a',
    async open() {
      setImmediate(() => abort.abort())
      return stalled()
    },
  }
  await assert.rejects(scanFiles([waits], { ...options, signal: abort.signal }), { name: 'AbortError' })
})

function target(path: string, content: Buffer | Content): Target {
  return { path, open: async () => (Buffer.isBuffer(content) ? bytesContent(content) : content) }
}

function bytesContent(bytes: Buffer): Content {
  return {
    size: bytes.length,
    headBytes: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    digest: async () => undefined,
    isUnchanged: async () => true,
    close: async () => {},
  }
}

/** A pickle of which the bytes behind its first never come. */
function stalled(): Content {
  const content = bytesContent(Buffer.alloc(1024 * 1024, 0x80))
  return {
    ...content,
    headBytes: 1,
    read: (offset, length) => (offset > 0 || length > 1 ? new Promise(() => {}) : content.read(0, 1)),
  }
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sandbox-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
