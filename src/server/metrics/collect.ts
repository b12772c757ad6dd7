// All metrics of a gateway, from all of its processes.
import { X509Certificate } from 'node:crypto'
import type { BudgetState } from '#limits'
import type { Installation } from '../installation.ts'
import type { Serving } from '../serving.ts'
import type { Settings } from '../settings.ts'
import type { SharedRooms } from '../shared.ts'
import { version } from '../version.ts'
import type { World } from '../world.ts'
import { expositionOf, type Reading } from './exposition.ts'
import { meterProcess } from './process.ts'

export interface CollectorOptions {
  readonly installation: Installation
  readonly shared: SharedRooms
  readonly world: World
  /** Those in use. */
  readonly settings: () => Settings
  /** undefined while it starts. */
  readonly serving: () => Serving | undefined
  /** For /readyz, and for what is measured of it. */
  readonly isReady: () => Promise<boolean>
  /** Whether what was read last is in use. */
  readonly isCurrent: () => boolean
}

export interface Collector {
  /** In the text format of Prometheus. */
  scrape(): Promise<string>
  close(): void
}

export function createCollector(options: CollectorOptions): Collector {
  const { installation, world } = options
  const meter = meterProcess()
  let running: Promise<string> | undefined

  async function collect(): Promise<string> {
    // Asked first: what they have counted is in the registry then.
    const processes = (await options.serving()?.reports()) ?? []
    const readings = [
      ...(await ownReadings(options)),
      ...inProcess('main', meter.readings()),
      ...processes.flatMap(({ process, readings }) => inProcess(process, readings)),
    ]
    return expositionOf([...installation.metrics.list(), ...readings])
  }

  return {
    /** Whoever asks while it is being collected gets the same. */
    scrape() {
      running ??= collect().finally(() => {
        running = undefined
      })
      return running
    },
    close: () => {
      meter.close()
      running?.catch((error) => world.report('metrics could not be collected', error))
    },
  }
}

function inProcess(process: string, readings: readonly Reading[]): Reading[] {
  return readings.map(({ metric, labels, value }) => ({ metric, labels: [...labels, process], value }))
}

async function ownReadings(options: CollectorOptions): Promise<Reading[]> {
  const { installation, shared, settings, serving } = options
  const log = installation.log.state()
  const workers = serving()?.workers?.() ?? []
  return [
    { metric: 'build', labels: [version, process.version], value: 1 },
    { metric: 'ready', labels: [], value: (await options.isReady()) ? 1 : 0 },
    { metric: 'reloadOk', labels: [], value: options.isCurrent() ? 1 : 0 },
    { metric: 'workers', labels: [], value: workers.filter(({ downMs }) => downMs === undefined).length },
    { metric: 'leases', labels: [], value: shared.leasesTaken },
    { metric: 'logWaiting', labels: [], value: log.waiting },
    { metric: 'logEntries', labels: [], value: log.entries },
    { metric: 'logTree', labels: [], value: log.treeEntries },
    ...(log.signedAt === undefined
      ? []
      : [{ metric: 'logCheckpoint', labels: [], value: log.signedAt / 1000 } satisfies Reading]),
    ...certificateReadings(settings()),
    ...budgetReadings(installation.budgets.list()),
  ]
}

function certificateReadings({ listen, operations }: Settings): Reading[] {
  const listeners = { gateway: listen.tls, operations: operations?.tls }
  return Object.entries(listeners).flatMap(([listener, tls]): Reading[] =>
    tls === undefined
      ? []
      : [{ metric: 'certificate', labels: [listener], value: expiryOf(tls.certificate.reveal()) / 1000 }],
  )
}

/** ms since the epoch; of a chain, that of its first certificate. */
function expiryOf(pem: string): number {
  return new X509Certificate(pem).validToDate.getTime()
}

/** One series for each budget, not for each subject: those are without end, and somebody's. */
function budgetReadings(states: readonly BudgetState[]): Reading[] {
  const highest = new Map<string, Reading>()
  for (const { account, limit, left } of states) {
    const labels = [account.budget, account.unit, account.period]
    const value = limit === 0 ? 1 : (limit - left) / limit
    const key = labels.join('\0')
    if (value >= (highest.get(key)?.value ?? 0)) highest.set(key, { metric: 'budget', labels, value })
  }
  return [...highest.values()]
}
