// `holdfast serve` with so many workers, before the benchmark's model server.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bin, type Contestant, contestant, cpuMsOf, firstLine, here } from './contestants.ts'

export interface ServingContestant extends Contestant {
  readonly workers: number
  /** CPU time of the process that was started, without its children, ms. */
  firstCpuMs(): number
}

/** Starts one gateway for each number of workers; `close` ends them. */
export async function startServing(
  workers: readonly number[],
): Promise<{ contestants: ServingContestant[]; model: Contestant; close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const children: ChildProcess[] = []
  const start = async (file: string, args: readonly string[], cwd: string) => {
    const child = spawn(join(bin, file), args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return { line: await firstLine(child), pid: child.pid ?? 0 }
  }
  const model = await start('holdfast-node', [join(here, 'model.ts')], folder)
  const contestants: ServingContestant[] = []
  for (const count of workers) {
    const cwd = join(folder, String(count))
    mkdirSync(cwd)
    run(cwd, ['init', '--upstream', 'ollama'])
    writeFileSync(join(cwd, 'holdfast.yaml'), yaml(model.line))
    const key = run(cwd, ['keys', 'create', '--name', 'bench', '--config', 'holdfast.yaml'])
    const { line, pid } = await start('holdfast', ['serve', '--json', '--workers', String(count)], cwd)
    const name = count === 1 ? 'one process' : `${count} workers`
    const served = contestant(name, JSON.parse(line).gateway, key, [pid])
    contestants.push({ ...served, workers: count, firstCpuMs: () => cpuMsOf(pid) })
  }
  return {
    contestants,
    model: contestant('model', model.line, 'none', [model.pid]),
    close() {
      for (const child of children) child.kill('SIGTERM')
      // The gateways write a last time while they stop.
      setTimeout(() => rmSync(folder, { recursive: true, force: true }), 1500)
    },
  }
}

function yaml(model: string): string {
  return `listen: { port: 0 }
upstreams: [{ name: model, url: ${model}/v1, allowPrivate: true, auth: none }]
policy: { folder: policies }
limits: { rates: { key: { requests: 1000000, per: 1s, burst: 1000000 } } }
`
}

function run(cwd: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(join(bin, 'holdfast'), args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.trim()
}
