// A gateway from a configuration file, and the keys of those who use it, while it runs and while it does not.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { selfSigned } from './support/certificate.ts'
import { holdfast, type RunningGateway, shell, startServe, temporaryFolder } from './support/holdfast.ts'
import { chatRequest, sendRaw } from './support/raw.ts'
import { startUpstream, type TestUpstream } from './support/upstream.ts'

test('serve answers with the upstream of its file, and says so in one line', async (t) => {
  const { cwd, gateway, upstream } = await startFromFile(t)
  const { secret } = await createKey(cwd)
  equal(await statusWith(gateway, secret), 200)
  equal(upstream.received[0]?.headers.authorization, 'Bearer sk-of-the-server')
  equal(await gateway.stop(), 0)
  equal(gateway.stderr(), '')
  const { gateway: url, ...others } = JSON.parse(gateway.stdout())
  match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  deepEqual(others, { upstreams: ['vllm'], data: join(cwd, 'data'), pid: gateway.pid })
})

test('keys that are made while it runs work at once, and revoked ones are refused at once', async (t) => {
  const { cwd, gateway } = await startFromFile(t)
  const at = ['--config', 'holdfast.yaml']
  equal((await run(cwd, 'keys', 'list', ...at)).stdout, "no keys yet: 'holdfast keys create --name NAME' makes one\n")
  equal((await run(cwd, 'keys', 'list', '--format', 'json', ...at)).stdout, '[]\n')

  const { secret, id } = await createKey(cwd)
  equal(await statusWith(gateway, secret), 200)
  const table = (await run(cwd, 'keys', 'list', ...at)).stdout
  match(table, /^ID +STATE +TENANT +PRINCIPAL +SCOPES +NAME\n/)
  ok(table.includes(`${id}  active 90d  default  mia        chat    laptop\n`), table)
  const listed = (await run(cwd, 'keys', 'list', '--format', 'json', ...at)).stdout
  deepEqual(
    JSON.parse(listed).map(({ name, principal, scopes }: Record<string, unknown>) => ({ name, principal, scopes })),
    [{ name: 'laptop', principal: 'mia', scopes: ['chat'] }],
  )
  ok(!`${table}${listed}`.includes(secret))

  const planned = await run(cwd, 'keys', 'revoke', id, '--dry-run', ...at)
  match(
    planned.stdout,
    /^would do, and has not done:\n {2}API key 'laptop' \(key_\w+\) is refused with 401 from now on;/,
  )
  match(planned.stdout, /mia has no other key in tenant default and loses all access to it\.\n$/)
  equal((await run(cwd, 'keys', 'list', ...at)).stdout, table)
  equal(await statusWith(gateway, secret), 200)

  const revoked = await run(cwd, 'keys', 'revoke', id, '--reason', 'lost laptop', ...at)
  match(revoked.stdout, /^verified:\n(?: {2}.*\n)+probe: passed, authentication answers 'revoked' to key key_/)
  equal(await statusWith(gateway, secret), 401)
  match((await run(cwd, 'keys', 'list', ...at)).stdout, new RegExp(`^${id} +revoked `, 'm'))
  equal((await run(cwd, 'keys', 'revoke', id, ...at)).stdout, `already revoked: ${id}\n`)
})

test('the proof that a revocation prints can be checked, and names the key', async (t) => {
  const { cwd } = await startFromFile(t)
  const { id } = await createKey(cwd)
  const { stdout } = await run(cwd, 'keys', 'revoke', id, '--config', 'holdfast.yaml')
  const line = /^proof: (.* audit prove \d+ --config holdfast\.yaml)$/m.exec(stdout)?.[1] ?? ''
  // Under a checkpoint within a second.
  let proof = await shell(line, cwd)
  while (proof.stderr.includes('under the newest checkpoint')) proof = await shell(line, cwd)
  deepEqual({ code: proof.code, stderr: proof.stderr }, { code: 0, stderr: '' })
  writeFileSync(join(cwd, 'revocation.tlog-proof'), proof.stdout)
  const checked = await run(cwd, 'audit', 'verify', '--proof', 'revocation.tlog-proof', '--keys', 'data/log/log.pub')
  match(checked.stdout, /^entry \d+ of the log holdfast\.local\//)
  ok(checked.stdout.includes(id), checked.stdout)
})

test('an unknown key is named, and nothing changes', async (t) => {
  const { cwd } = await startFromFile(t)
  const { code, stdout, stderr } = await holdfast(['keys', 'revoke', 'key_none', '--config', 'holdfast.yaml'], { cwd })
  deepEqual({ code, stdout }, { code: 2, stdout: '' })
  match(stderr, /^holdfast: .*key_none.*\n$/)
})

test('keys can be made and revoked while nothing runs', async (t) => {
  const { cwd, gateway } = await startFromFile(t)
  equal(await gateway.stop(), 0)
  const [kept, lost] = [await createKey(cwd), await createKey(cwd)]
  match((await run(cwd, 'keys', 'revoke', lost.id, '--config', 'holdfast.yaml')).stdout, /^verified:\n/)
  match((await run(cwd, 'keys', 'list', '--config', 'holdfast.yaml')).stdout, new RegExp(`^${lost.id} +revoked`, 'm'))
  match((await run(cwd, 'audit', 'verify', '--config', 'holdfast.yaml')).stdout, /all right\n$/)
  const again = await startServe(cwd, { VLLM_API_KEY: 'sk-of-the-server' })
  t.after(() => again.stop('SIGKILL'))
  equal(await statusWith(again, kept.secret), 200)
  equal(await statusWith(again, lost.secret), 401)
})

test('a deep data folder has its control socket elsewhere, and is administered all the same', async (t) => {
  const deep = join('a'.repeat(60), 'b'.repeat(60))
  const { cwd, gateway } = await startFromFile(t, { 'data: ./data': `data: ./${deep}` })
  const { secret, id } = await createKey(cwd)
  equal(await statusWith(gateway, secret), 200)
  await run(cwd, 'keys', 'revoke', id, '--config', 'holdfast.yaml')
  equal(await statusWith(gateway, secret), 401)
  equal(await gateway.stop(), 0)
})

const certificate = selfSigned()
const skip = certificate === undefined && 'NOT TESTED: openssl is not installed, so there is no certificate'

test('with a certificate it serves every address, over TLS 1.3 with a hybrid key', { skip }, async (t) => {
  const { certificatePem, keyPem } = certificate ?? { certificatePem: '', keyPem: '' }
  const tls = '  tls:\n    certificate: file:tls.crt\n    key: file:tls.key\n'
  const { cwd, gateway } = await startFromFile(t, { 'host: 127.0.0.1\n': `host: 0.0.0.0\n${tls}` }, (folder) => {
    writeFileSync(join(folder, 'tls.crt'), certificatePem)
    writeFileSync(join(folder, 'tls.key'), keyPem, { mode: 0o600 })
  })
  const { secret } = await createKey(cwd)
  const { port, protocol } = new URL(gateway.gateway)
  equal(protocol, 'https:')
  const socket = connect({ port: Number(port), host: '127.0.0.1', ca: certificatePem, servername: 'localhost' })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  equal(socket.getProtocol(), 'TLSv1.3')
  const key = socket.getEphemeralKeyInfo()
  equal(key !== null && 'name' in key && key.name, 'X25519MLKEM768')
  socket.write(chatRequest(secret, { lines: ['connection: close'] }))
  let answer = ''
  for await (const bytes of socket) answer += bytes
  match(answer, /^HTTP\/1\.1 200 OK\r\n/)
})

test('a certificate that is none stops the start with a line that says so', { skip }, async (t) => {
  const tls = '  tls:\n    certificate: file:tls.crt\n    key: file:tls.crt\n'
  const { cwd } = await configured(t, { 'host: 127.0.0.1\n': `host: 0.0.0.0\n${tls}` })
  writeFileSync(join(cwd, 'tls.crt'), 'not a certificate')
  const { code, stderr } = await holdfast(['serve'], { cwd, env: { VLLM_API_KEY: 'k' } })
  equal(code, 2)
  match(
    stderr,
    /^holdfast: .*holdfast\.yaml: listen\.tls: the certificate and its key cannot be used: no start line\n$/,
  )
})

/** What init writes for vLLM, with the test's upstream and any other changes. */
async function configured(t: TestContext, changes: Readonly<Record<string, string>>) {
  const upstream: TestUpstream = await startUpstream()
  t.after(() => upstream.close())
  const cwd = temporaryFolder(t)
  await run(cwd, 'init', '--upstream', 'vllm')
  const file = join(cwd, 'holdfast.yaml')
  let text = readFileSync(file, 'utf8')
  const all = { 'http://127.0.0.1:8000/v1': upstream.url, 'port: 8787': 'port: 0', ...changes }
  for (const [from, to] of Object.entries(all)) {
    ok(text.includes(from), from)
    text = text.replace(from, to)
  }
  writeFileSync(file, text)
  return { cwd, upstream }
}

async function startFromFile(
  t: TestContext,
  changes: Readonly<Record<string, string>> = {},
  prepare: (cwd: string) => void = () => {},
) {
  const { cwd, upstream } = await configured(t, changes)
  prepare(cwd)
  const gateway = await startServe(cwd, { VLLM_API_KEY: 'sk-of-the-server' })
  t.after(() => gateway.stop('SIGKILL'))
  return { cwd, gateway, upstream }
}

/** Runs a command that has to succeed. */
async function run(cwd: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await holdfast(args, { cwd })
  equal(code, 0, stderr)
  return { stdout, stderr }
}

async function createKey(cwd: string): Promise<{ secret: string; id: string }> {
  const line = ['keys', 'create', '--name', 'laptop', '--principal', 'mia', '--config', 'holdfast.yaml']
  const { stdout, stderr } = await run(cwd, ...line)
  const [, id = ''] = /^key (key_\w+): keep the line above, it is not shown again\n$/.exec(stderr) ?? []
  match(stdout, /^hold_[a-z0-9]+\n$/)
  return { secret: stdout.trim(), id }
}

async function statusWith({ gateway }: RunningGateway, key: string): Promise<number> {
  return (await sendRaw(Number(new URL(gateway).port), chatRequest(key))).status
}
