// `holdfast serve` for benchmarks: from a holdfast.yaml of its own, in front of the benchmark's model server.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bin, type Contestant, contestant, cpuMsOf, firstLine, here } from './contestants.ts'

export interface ServingContestant extends Contestant {
  readonly workers: number
  readonly process: ChildProcess
  /** CPU time of the process that was started, without its children, ms. */
  firstCpuMs(): number
}

export interface Served {
  readonly name: string
  readonly workers: number
  /** Further lines of holdfast.yaml. */
  readonly yaml?: string
}

/** Starts a gateway in a new folder inside `folder`. Rates and places are set above what one machine serves. */
export async function serveHoldfast(
  folder: string,
  model: string,
  { name, workers, yaml = '' }: Served,
): Promise<ServingContestant> {
  const cwd = mkdtempSync(join(folder, 'holdfast-'))
  run(cwd, ['init', '--upstream', 'ollama'])
  writeFileSync(join(cwd, 'holdfast.yaml'), `${settings(model)}${yaml}`)
  const key = run(cwd, ['keys', 'create', '--name', 'bench', '--config', 'holdfast.yaml'])
  const args = ['serve', '--json', '--workers', String(workers)]
  const child = spawn(join(bin, 'holdfast'), args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  const ready = JSON.parse(await firstLine(child))
  const pid = child.pid ?? 0
  const served = contestant(name, ready.gateway, key, [pid])
  return { ...served, workers, process: child, firstCpuMs: () => cpuMsOf(pid) }
}

/** Starts a model server and the gateways in front of it; `close` ends them. */
export async function startServing(
  list: readonly Served[],
): Promise<{ contestants: ServingContestant[]; model: Contestant; close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const child = spawn(join(bin, 'holdfast-node'), [join(here, 'model.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const model = await firstLine(child)
  const contestants: ServingContestant[] = []
  for (const served of list) contestants.push(await serveHoldfast(folder, model, served))
  return {
    contestants,
    model: contestant('model', model, 'none', [child.pid ?? 0]),
    close() {
      child.kill('SIGTERM')
      for (const { process } of contestants) process.kill('SIGTERM')
      // The gateways write a last time while they stop.
      setTimeout(() => rmSync(folder, { recursive: true, force: true }), 1500)
    },
  }
}

function settings(model: string): string {
  return `listen: { port: 0 }
upstreams: [{ name: model, url: ${model}/v1, allowPrivate: true, auth: none }]
policy: { folder: policies }
limits: { rates: { key: { requests: 1000000, per: 1s, burst: 1000000 } }, concurrency: { key: 100000 } }
shutdownGrace: 3s
`
}

function run(cwd: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(join(bin, 'holdfast'), args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.trim()
}
