// The command line among other programs: readers that leave early, and text that is no friend of the terminal.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { holdfast, program, shell, temporaryFolder } from './support/holdfast.ts'

test('a command whose reader has gone ends quietly', async (t) => {
  const cwd = temporaryFolder(t)
  await createKey(cwd)
  // The subshell writes only once the reader at the other end of the pipe has gone: that is what the fifo waits for.
  const unread = (command: string) =>
    `rm -f gone; mkfifo gone; (cat gone; ${program} ${command}; echo $? >&2) | { exec <&-; : >gone; }`
  for (const command of ['--help', 'audit query', 'audit tail --follow', 'config schema', 'keys list']) {
    const { stdout, stderr } = await shell(unread(command), cwd)
    deepEqual({ stdout, stderr }, { stdout: '', stderr: '0\n' }, command)
  }
})

test('an answer cannot send escapes to the terminal of the one who asked', async (t) => {
  const url = await startModel(t, 'red \u001b[31m\u001b]0;title\u0007\nand\tplain')
  const { code, stdout } = await holdfast(['ask', '--key', 'k', '--url', url, 'Hi'])
  equal(code, 0)
  equal(stdout, 'answer:         red \ufffd[31m\ufffd]0;title\ufffd\nand\tplain\n')
})

test('a key is revoked once: the second time changes and logs nothing', async (t) => {
  const cwd = temporaryFolder(t)
  const id = await createKey(cwd)
  const first = await holdfast(['keys', 'revoke', id], { cwd })
  match(first.stdout, /^verified:\n/)
  const logged = await holdfast(['audit', 'tail'], { cwd })
  deepEqual(await holdfast(['keys', 'revoke', id], { cwd }), {
    code: 0,
    stdout: `already revoked: ${id}\n`,
    stderr: '',
  })
  deepEqual(await holdfast(['audit', 'tail'], { cwd }), logged)
})

test('revoke prints a command that proves it, for the installation that it was called for', async (t) => {
  const cwd = temporaryFolder(t)
  equal((await holdfast(['init', '--upstream', 'ollama', '--data', 'my data'], { cwd })).code, 0)
  for (const location of [[], ['--data', 'other data'], ['--config', 'holdfast.yaml']]) {
    const id = await createKey(cwd, ...location)
    const { stdout } = await holdfast(['keys', 'revoke', id, ...location], { cwd })
    const prove = /^proof: (.*)$/m.exec(stdout)?.[1] ?? stdout
    ok(location[0] === undefined || prove.includes(` ${location[0]} `), prove)
    const proof = await shell(prove, cwd)
    equal(proof.code, 0, proof.stderr)
    match(proof.stdout, /^c2sp\.org\/tlog-proof@v1\n/)
  }
})

async function createKey(cwd: string, ...location: string[]): Promise<string> {
  const { stdout } = await holdfast(['keys', 'create', '--name', 'me', '--format', 'json', ...location], { cwd })
  return JSON.parse(stdout).key.id
}

/** Answers every chat with `content`, as one event. */
async function startModel(t: TestContext, content: string): Promise<string> {
  const event = JSON.stringify({ choices: [{ delta: { content } }] })
  const server = createServer((_, response) => response.end(`data: ${event}\n\ndata: [DONE]\n\n`))
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}
