// What it costs to count and measure one exchange: everything that is done for metrics on the way of a request.
import type { Observation } from '#gateway'
import { createExchangeMeter, createRegistry, settingsSchema } from '#server'
import { median } from './table.ts'

/** µs of processor time for one exchange. */
const limit = 2
const exchanges = 200_000

/** @returns whether it is within the limit */
export function metricsBench(print: (line: string) => void): boolean {
  const settings = settingsSchema.parse({
    upstreams: [{ name: 'a', url: 'https://api.example.com/v1', models: ['gpt-5', '*'] }],
    policy: { folder: '.' },
    limits: { prices: [{ models: ['gpt-5*'], input: 1.25, output: 10 }] },
  })
  const observe = createExchangeMeter(createRegistry(), settings)
  const runs = Array.from({ length: 7 }, () => {
    const begin = process.cpuUsage()
    for (let count = 0; count < exchanges; count++) observe(exchange)
    const { user, system } = process.cpuUsage(begin)
    return (user + system) / exchanges
  })
  const took = median(runs)
  print(`one exchange with 11 stages, an attempt, tokens and a price: ${took.toFixed(2)} µs (limit ${limit})`)
  return took <= limit
}

const exchange: Observation = {
  id: 'ex_0',
  operation: 'chat',
  status: 200,
  code: 'ok',
  stage: undefined,
  rule: '',
  upstream: 'a',
  model: 'gpt-5',
  marks: Array.from({ length: 12 }, (_, at) => at * 0.07),
  durationMs: 812,
  firstByteMs: 240,
  bytesIn: 1800,
  bytesOut: 5200,
  verdicts: [],
  attempts: [{ upstream: 'a', sent: true, status: 200, ms: 230 }],
  spent: { requests: 1, input: 400, cached: 0, output: 300 },
}
