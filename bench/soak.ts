// Ten minutes at half of what the machine can do: memory must be flat, no descriptor may be left open, and the gateway
// must end by itself when it is told to, which it does only when nothing holds it. HOLDFAST_SOAK_MINUTES changes the ten.
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { Agent } from 'node:http'
import { chatBody, parallel, streamed } from './gateway/load.ts'
import { type ServingContestant, startServing } from './gateway/serving.ts'
import { median } from './table.ts'

const width = 16
const batch = 200

/** Prints a line a minute; resolves to whether memory stayed flat, every descriptor was closed and the end came by itself. */
export async function soakBench(print: (line: string) => void): Promise<boolean> {
  const minutes = Number(process.env.HOLDFAST_SOAK_MINUTES ?? 10)
  const { contestants, model, close } = await startServing([{ name: 'holdfast', workers: 1 }])
  const [gateway] = contestants
  if (gateway === undefined) throw new Error('no gateway was started')
  try {
    const agent = new Agent({ keepAlive: true, maxSockets: width })
    const full = await throughput(gateway, agent)
    const before = descriptors(gateway)
    print(`at full load ${full.toFixed(0)} requests a second; now half of that for ${minutes} minutes`)
    const resident = await soak(gateway, agent, { perSecond: full / 2, minutes, modelUrl: model.url, print })
    agent.destroy()
    await closed(gateway)
    const after = descriptors(gateway)
    const first = median(resident.slice(0, Math.ceil(resident.length / 5)))
    const last = median(resident.slice(-Math.ceil(resident.length / 5)))
    const isFlat = last <= first * 1.05 + 4
    print(`memory: ${first.toFixed(0)} MiB in the first fifth, ${last.toFixed(0)} MiB in the last`)
    print(`descriptors: ${before} before, ${after} after`)
    const ended = once(gateway.process, 'exit')
    gateway.process.kill('SIGTERM')
    const [code] = await ended
    print(`it ended by itself with code ${code}`)
    return isFlat && after <= before && code === 0
  } finally {
    close()
  }
}

async function throughput(gateway: ServingContestant, agent: Agent): Promise<number> {
  await parallel(gateway, agent, chatBody(false), 10 * batch, width)
  return (10 * batch) / (await parallel(gateway, agent, chatBody(false), 10 * batch, width))
}

interface Load {
  readonly perSecond: number
  readonly minutes: number
  readonly modelUrl: string
  readonly print: (line: string) => void
}

/** @returns resident memory, MiB, once a batch from the second minute on */
async function soak(gateway: ServingContestant, agent: Agent, load: Load): Promise<number[]> {
  const start = performance.now()
  const resident: number[] = []
  let requests = 0
  for (let minute = 0; minute < load.minutes; ) {
    await parallel(gateway, agent, chatBody(false), batch, width)
    await streamed(gateway, agent, chatBody(true), load.modelUrl)
    requests += batch + 1
    const due = start + (requests / load.perSecond) * 1000
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
    const elapsed = (performance.now() - start) / 60_000
    if (elapsed >= Math.min(1, load.minutes / 5)) resident.push(gateway.residentMiB())
    if (elapsed < minute + 1) continue
    minute = Math.floor(elapsed)
    load.print(`minute ${minute}: ${requests} requests, ${gateway.residentMiB().toFixed(0)} MiB`)
  }
  return resident
}

/** Waits until the gateway has noticed that its clients are gone. */
async function closed(gateway: ServingContestant): Promise<void> {
  const goal = descriptors(gateway)
  for (let attempt = 0; attempt < 50 && descriptors(gateway) >= goal; attempt++)
    await new Promise((resolve) => setTimeout(resolve, 200))
}

function descriptors({ process: { pid } }: ServingContestant): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
