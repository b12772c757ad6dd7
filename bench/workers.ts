// One process against two workers, under the same load, in turn. The client and the model server run on the same
// machine and take their share of it, so requests a second say little where cores are few; requests for each second of
// the gateway's own processor time say what spreading costs, and how busy the machine was says whether more was possible.
import { Agent } from 'node:http'
import { availableParallelism } from 'node:os'
import type { Contestant } from './gateway/contestants.ts'
import { chatBody, parallel } from './gateway/load.ts'
import { type ServingContestant, startServing } from './gateway/serving.ts'
import { median, type Row, table } from './table.ts'

const rounds = 5
const requestsPerRound = 2000
const width = 64

interface Round {
  readonly perSecond: number
  /** µs of a request: the gateway's first process, all its others, the model server's, the client's. */
  readonly first: number
  readonly others: number
  readonly model: number
  readonly client: number
}

/** Prints the table; resolves to true: what is possible depends on the cores that are free. */
export async function workersBench(print: (line: string) => void): Promise<boolean> {
  const { contestants, model, close } = await startServing([
    { name: 'one process', workers: 1 },
    { name: '2 workers', workers: 2 },
  ])
  try {
    const measured = new Map<ServingContestant, Round[]>(contestants.map((contestant) => [contestant, []]))
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

async function measure(contestant: ServingContestant, model: Contestant): Promise<Round> {
  const agent = new Agent({ keepAlive: true, maxSockets: width })
  const times = () => [contestant.firstCpuMs(), contestant.cpuMs(), model.cpuMs(), ownCpuMs()]
  const before = times()
  const seconds = await parallel(contestant, agent, chatBody(false), requestsPerRound, width)
  const after = times()
  agent.destroy()
  const [first = 0, all = 0, server = 0, client = 0] = after.map(
    (ms, at) => ((ms - (before[at] ?? 0)) * 1000) / requestsPerRound,
  )
  return { perSecond: requestsPerRound / seconds, first, others: all - first, model: server, client }
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function report(measured: ReadonlyMap<ServingContestant, readonly Round[]>): string {
  const head = ['req/s', '/one', 'CPU µs: first', 'others', 'req/CPU s', '/one', 'model µs', 'client µs', 'cores busy']
  const rows: Row[] = [['', ...head, 'possible/one', 'RSS MiB']]
  const of = (list: readonly Round[], figure: (round: Round) => number) => median(list.map(figure))
  const gatewayOf = ({ first, others }: Round) => first + others
  const [one = []] = measured.values()
  for (const [{ name, workers, residentMiB }, list] of measured) {
    const perSecond = of(list, (round) => round.perSecond)
    const gateway = of(list, gatewayOf)
    const busiest = of(list, ({ first, others }) => Math.max(first, others / workers))
    const busy = of(list, (round) => (round.perSecond * (gatewayOf(round) + round.model + round.client)) / 1e6)
    rows.push([
      name,
      perSecond.toFixed(0),
      (perSecond / of(one, (round) => round.perSecond)).toFixed(2),
      of(list, ({ first }) => first).toFixed(0),
      of(list, ({ others }) => others).toFixed(0),
      (1e6 / gateway).toFixed(0),
      (of(one, gatewayOf) / gateway).toFixed(2),
      of(list, (round) => round.model).toFixed(0),
      of(list, (round) => round.client).toFixed(0),
      `${busy.toFixed(2)} of ${availableParallelism()}`,
      (of(one, gatewayOf) / busiest).toFixed(2),
      residentMiB().toFixed(0),
    ])
  }
  return table(rows)
}
