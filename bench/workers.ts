// One process against two workers, under the same load, in turn. The client and the model server run on the same
// machine and take their share of it, so requests a second say little where cores are few; requests for each second of
// the gateway's own processor time say what spreading costs, and how busy the machine was says whether more was possible.
import { Agent } from 'node:http'
import { availableParallelism } from 'node:os'
import type { Contestant } from './gateway/contestants.ts'
import { chatBody, parallel } from './gateway/load.ts'
import { startServing } from './gateway/serving.ts'
import { median, type Row, table } from './table.ts'

const rounds = 7
const requestsPerRound = 3000
const width = 64

interface Round {
  readonly perSecond: number
  /** µs of a request: the gateway's, the model server's, the client's. */
  readonly gateway: number
  readonly model: number
  readonly client: number
}

/** Prints the table; resolves to true: what is possible depends on the cores that are free. */
export async function workersBench(print: (line: string) => void): Promise<boolean> {
  const { contestants, model, close } = await startServing([1, 2])
  try {
    const measured = new Map<Contestant, Round[]>(contestants.map((contestant) => [contestant, []]))
    for (let round = -1; round < rounds; round++) {
      print(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`)
      for (const [contestant, into] of measured) {
        const result = await measure(contestant, model)
        if (round >= 0) into.push(result)
      }
    }
    print(report(measured))
    return true
  } finally {
    close()
  }
}

async function measure(contestant: Contestant, model: Contestant): Promise<Round> {
  const agent = new Agent({ keepAlive: true, maxSockets: width })
  const before = [contestant.cpuMs(), model.cpuMs(), ownCpuMs()]
  const seconds = await parallel(contestant, agent, chatBody(false), requestsPerRound, width)
  const after = [contestant.cpuMs(), model.cpuMs(), ownCpuMs()]
  agent.destroy()
  const [gateway = 0, server = 0, client = 0] = after.map(
    (ms, at) => ((ms - (before[at] ?? 0)) * 1000) / requestsPerRound,
  )
  return { perSecond: requestsPerRound / seconds, gateway, model: server, client }
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function report(measured: ReadonlyMap<Contestant, readonly Round[]>): string {
  const rows: Row[] = [
    [
      '',
      'req/s',
      '/one',
      'gateway CPU µs',
      'req per CPU s',
      '/one',
      'model CPU µs',
      'client CPU µs',
      'cores busy',
      'RSS MiB',
    ],
  ]
  const of = (list: readonly Round[], figure: (round: Round) => number) => median(list.map(figure))
  const [first = []] = measured.values()
  for (const [{ name, residentMiB }, list] of measured) {
    const perSecond = of(list, (round) => round.perSecond)
    const gateway = of(list, (round) => round.gateway)
    const busy = of(list, (round) => (round.perSecond * (round.gateway + round.model + round.client)) / 1e6)
    rows.push([
      name,
      perSecond.toFixed(0),
      (perSecond / of(first, (round) => round.perSecond)).toFixed(2),
      gateway.toFixed(0),
      (1e6 / gateway).toFixed(0),
      (of(first, (round) => round.gateway) / gateway).toFixed(2),
      of(list, (round) => round.model).toFixed(0),
      of(list, (round) => round.client).toFixed(0),
      `${busy.toFixed(2)} of ${availableParallelism()}`,
      residentMiB().toFixed(0),
    ])
  }
  return table(rows)
}
