// The gateway beside nginx and a bare Node proxy, all in one run and in turn, because machines are noisy:
// the figures to quote are the ratios. Limits are those that the project has set itself.
import { constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Contestant, startContestants } from './gateway/contestants.ts'
import { chatBody, longChatBody, parallel, sequential, streamed, whileStreaming } from './gateway/load.ts'
import { whatEachDid } from './gateway/services.ts'
import { median, type Row, table } from './table.ts'

const rounds = 5
const sequentialPerRound = 200
const parallelPerRound = 1000
const streamsPerRound = 4
const longPerRound = 60

interface Measured {
  readonly latencies: number[]
  readonly cpuPerRequest: number[]
  readonly cpuPerLongRequest: number[]
  readonly firstEvents: number[]
  readonly delays: number[]
  residentMiB: number
}

/** Prints the table; resolves to whether every limit was kept. */
export async function gatewayBench(print: (line: string) => void): Promise<boolean> {
  const { contestants, close } = await startContestants()
  try {
    const measured = await measureAll(contestants, print)
    const { rows, isWithinLimits } = report(contestants, measured)
    print(table(rows))
    print('')
    print(table(await whatEachDid(contestants)))
    print(
      `\nA synced write of 1 KB on this disk, as each decision needs one: p50 ${(await syncedWriteUs()).toFixed(0)} µs`,
    )
    return isWithinLimits
  } finally {
    close()
  }
}

async function measureAll(
  contestants: readonly Contestant[],
  print: (line: string) => void,
): Promise<Map<string, Measured>> {
  const measured = new Map<string, Measured>(
    contestants.map(({ name }) => [
      name,
      { latencies: [], cpuPerRequest: [], cpuPerLongRequest: [], firstEvents: [], delays: [], residentMiB: 0 },
    ]),
  )
  const modelUrl = contestants.find(({ name }) => name === 'direct')?.url ?? ''
  const agents = new Map(contestants.map(({ name }) => [name, new Agent({ keepAlive: true, maxSockets: 32 })]))
  for (let round = -1; round < rounds; round++) {
    print(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`)
    // Another order each round, so that nobody always runs after the same neighbour.
    const order = contestants.map((_, index) => contestants[(index + round + 1) % contestants.length])
    for (const contestant of order) {
      const agent = contestant && agents.get(contestant.name)
      const into = contestant && measured.get(contestant.name)
      if (contestant === undefined || agent === undefined || into === undefined) continue
      await measureRound(contestant, agent, modelUrl, round < 0 ? undefined : into)
    }
  }
  for (const contestant of contestants) {
    const into = measured.get(contestant.name)
    if (into !== undefined) into.residentMiB = await whileStreaming(contestant, 64, () => contestant.residentMiB())
  }
  for (const agent of agents.values()) agent.destroy()
  return measured
}

async function measureRound(
  contestant: Contestant,
  agent: Agent,
  modelUrl: string,
  into: Measured | undefined,
): Promise<void> {
  const chat = chatBody(false)
  const latencies = await sequential(contestant, agent, chat, sequentialPerRound)
  const cpuBefore = contestant.cpuMs()
  await parallel(contestant, agent, chat, parallelPerRound, 32)
  const cpu = ((contestant.cpuMs() - cpuBefore) * 1000) / parallelPerRound
  const longBefore = contestant.cpuMs()
  await parallel(contestant, agent, longChatBody(), longPerRound, 8)
  const longCpu = ((contestant.cpuMs() - longBefore) * 1000) / longPerRound
  const streams = []
  for (let index = 0; index < streamsPerRound; index++)
    streams.push(await streamed(contestant, agent, chatBody(true), modelUrl))
  if (into === undefined) return
  into.latencies.push(...latencies)
  into.cpuPerRequest.push(cpu)
  into.cpuPerLongRequest.push(longCpu)
  into.firstEvents.push(...streams.map(({ firstEvent }) => firstEvent))
  into.delays.push(...streams.flatMap(({ delays }) => delays))
}

function report(
  contestants: readonly Contestant[],
  measured: ReadonlyMap<string, Measured>,
): { rows: Row[]; isWithinLimits: boolean } {
  const figure = (name: string, of: (m: Measured) => number): number => {
    const found = measured.get(name)
    return found === undefined ? Number.NaN : of(found)
  }
  const p50 = (m: Measured) => median(m.latencies)
  const cpu = (m: Measured) => median(m.cpuPerRequest)
  const longCpu = (m: Measured) => median(m.cpuPerLongRequest)
  const ttft = (m: Measured) => median(m.firstEvents)
  const directDelay = figure('direct', (m) => median(m.delays))
  const delay = (m: Measured) => median(m.delays) - directDelay
  const rows: Row[] = [
    [
      '',
      'p50 µs',
      '/nginx',
      'CPU µs',
      '/bare',
      '256 KB µs',
      '/bare',
      'first event µs',
      '/nginx',
      'added delay µs',
      '/nginx',
      'RSS MiB',
    ],
  ]
  const ratio = (a: number, b: number) => (Number.isFinite(a / b) ? (a / b).toFixed(2) : '-')
  for (const { name } of contestants) {
    const row = (of: (m: Measured) => number) => figure(name, of)
    rows.push([
      name,
      row(p50).toFixed(0),
      ratio(row(p50), figure('nginx', p50)),
      row(cpu).toFixed(0),
      ratio(row(cpu), figure('bare proxy', cpu)),
      row(longCpu).toFixed(0),
      ratio(row(longCpu), figure('bare proxy', longCpu)),
      row(ttft).toFixed(0),
      ratio(row(ttft), figure('nginx', ttft)),
      row(delay).toFixed(0),
      ratio(row(delay), figure('nginx', delay)),
      row((m) => m.residentMiB).toFixed(0),
    ])
  }
  rows.push(['limit', '', '4.00', '', '2.50', '', '2.00', '', '4.00', '', '4.00', '200'])
  rows.push(['limit, group', '', '2.80'])
  const isWithinLimits =
    !(figure('holdfast', p50) > 4 * figure('nginx', p50)) &&
    !(figure('holdfast, group', p50) > 2.8 * figure('nginx', p50)) &&
    !(figure('holdfast', longCpu) > 2 * figure('bare proxy', longCpu)) &&
    !(figure('holdfast', cpu) > 2.5 * figure('bare proxy', cpu)) &&
    !(figure('holdfast', ttft) > 4 * figure('nginx', ttft)) &&
    !(figure('holdfast', delay) > 4 * figure('nginx', delay)) &&
    !(figure('holdfast', (m) => m.residentMiB) > 200)
  return { rows, isWithinLimits }
}

/** µs for one write that is on disk when it returns, into allocated blocks, one a millisecond as requests come. */
async function syncedWriteUs(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const path = join(folder, 'synced')
  writeFileSync(path, Buffer.alloc(1 << 20))
  const file = await open(path, constants.O_WRONLY | constants.O_DSYNC)
  const times: number[] = []
  for (let index = 0; index < 300; index++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    const from = process.hrtime.bigint()
    await file.write(decision, 0, decision.length, index * decision.length)
    times.push(Number(process.hrtime.bigint() - from) / 1000)
  }
  await file.close()
  rmSync(folder, { recursive: true })
  return median(times)
}

const decision = Buffer.alloc(1024, 'x')
