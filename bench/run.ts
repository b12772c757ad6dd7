// All benchmarks, one after another; `npm run bench -- gateway` runs those that are named.
// Exit code 1 when a figure is beyond the limit that the project has set itself.
import { artifactsBench } from './artifacts.ts'
import { gatewayBench } from './gateway.ts'
import { inspectBench } from './inspect.ts'
import { metricsBench } from './metrics.ts'
import { policyBench } from './policy.ts'
import { scanBench } from './scan.ts'
import { soakBench } from './soak.ts'
import { workersBench } from './workers.ts'

const benches = {
  gateway: gatewayBench,
  policy: policyBench,
  inspect: inspectBench,
  artifacts: artifactsBench,
  scan: scanBench,
  metrics: metricsBench,
  workers: workersBench,
  soak: soakBench,
}
/** Takes as long as all others together, so it runs only when it is named. */
const onlyNamed = new Set(['soak'])

const wanted = process.argv.slice(2)
let isWithinLimits = true
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 ? !wanted.includes(name) : onlyNamed.has(name)) continue
  console.log(`\n== ${name}`)
  isWithinLimits = (await bench((line) => console.log(line))) && isWithinLimits
}
process.exitCode = isWithinLimits ? 0 : 1
