// Who is compared: the model directly, nginx, a bare Node proxy, and Holdfast with every stage on.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { serveHoldfast } from './serving.ts'

export interface Contestant {
  readonly name: string
  /** Requests go to `${url}/v1/chat/completions`. */
  readonly url: string
  readonly key: string
  /** Headers beside those that every client sends. */
  readonly headers?: Readonly<Record<string, string>>
  /** CPU time so far of all its processes, ms; 0 for `direct`, which has none. */
  cpuMs(): number
  /** Resident memory of all its processes, MiB. */
  residentMiB(): number
}

export const here = dirname(fileURLToPath(import.meta.url))
export const bin = join(here, '..', '..', 'bin')

/** Starts everything; `close` ends it. nginx is left out, loudly, where it is not installed. */
export async function startContestants(): Promise<{ contestants: Contestant[]; close(): void }> {
  const children: ChildProcess[] = []
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const script = async (file: string, ...args: string[]) => {
    const child = spawn(join(bin, 'holdfast-node'), [join(here, file), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    return { url: await firstLine(child), pid: child.pid ?? 0 }
  }
  const model = await script('model.ts')
  const bare = await script('bare-proxy.ts', model.url)
  const strict = await serveHoldfast(folder, model.url, { name: 'holdfast', workers: 1 })
  const yaml = 'audit: { durability: group }\n'
  const group = await serveHoldfast(folder, model.url, { name: 'holdfast, group', workers: 1, yaml })
  children.push(strict.process, group.process)
  const portkey = await startPortkey(model.url)
  if (portkey !== undefined) children.push(portkey.child)
  const nginx = await startNginx(folder, model.url)
  if (nginx !== undefined) children.push(nginx.child)
  return {
    contestants: [
      contestant('direct', model.url, 'none', []),
      ...(nginx === undefined ? [] : [contestant('nginx', nginx.url, 'none', [nginx.child.pid ?? 0])]),
      contestant('bare proxy', bare.url, 'none', [bare.pid]),
      strict,
      group,
      ...(portkey === undefined ? [] : [portkey.contestant]),
    ],
    close() {
      for (const child of children) child.kill('SIGTERM')
      // nginx and the gateway write a last time while they stop.
      setTimeout(() => rmSync(folder, { recursive: true, force: true }), 1500)
    },
  }
}

export function contestant(name: string, url: string, key: string, roots: number[]): Contestant {
  const sum = (measure: (pid: number) => number) => familyOf(roots).reduce((total, pid) => total + measure(pid), 0)
  return { name, url, key, cpuMs: () => sum(cpuMsOf), residentMiB: () => sum(residentMiBOf) }
}

/** Portkey's gateway, from the lockfile beside it (bench/portkey). It does not authenticate its clients. */
async function startPortkey(modelUrl: string): Promise<{ contestant: Contestant; child: ChildProcess } | undefined> {
  const folder = join(here, '..', 'portkey')
  const program = join(folder, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js')
  if (!existsSync(program)) {
    console.error('SKIPPED Portkey: run npm ci in bench/portkey to compare with it')
    return undefined
  }
  const port = await freePort()
  const child = spawn(process.execPath, [program, `--port=${port}`, '--headless'], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  await answering(url)
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${modelUrl}/v1` }
  return { contestant: { ...contestant('portkey', url, 'none', [child.pid ?? 0]), headers }, child }
}

async function answering(url: string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    try {
      await fetch(url, { method: 'POST', body: '{}' })
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  throw new Error(`nothing answers at ${url}`)
}

async function startNginx(folder: string, modelUrl: string): Promise<{ url: string; child: ChildProcess } | undefined> {
  const program = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(existsSync)
  if (program === undefined || spawnSync(program, ['-v']).status !== 0) {
    console.error('SKIPPED nginx: install it (Debian: nginx) to compare with it')
    return undefined
  }
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off; client_body_buffer_size 1m; client_max_body_size 8m;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream model { server ${new URL(modelUrl).host}; keepalive 256; }
  server {
    listen 127.0.0.1:${port}; keepalive_requests 1000000;
    location / { proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
`,
  )
  const child = spawn(program, ['-c', file, '-p', folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  const url = `http://127.0.0.1:${port}`
  await answering(url)
  return { url, child }
}

export async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output to read')
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return line
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The processes and their children (proc(5)). */
function familyOf(roots: readonly number[]): number[] {
  const family = [...roots]
  for (const pid of family) {
    for (const task of list(`/proc/${pid}/task`)) {
      const children = read(`/proc/${pid}/task/${task}/children`).trim()
      for (const child of children === '' ? [] : children.split(' ')) family.push(Number(child))
    }
  }
  return family
}

/** User and system time of all threads, in ms; the kernel counts in ticks of 10 ms. */
export function cpuMsOf(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10
}

function residentMiBOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
