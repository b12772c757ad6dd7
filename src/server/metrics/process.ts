// How this process is: memory, processor, event loop, garbage. Read from the runtime when it is asked for; only the delay
// of the event loop and the time of collections have to be watched.
import { readdirSync } from 'node:fs'
import { constants, monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks'
import type { Reading } from './exposition.ts'

export interface ProcessMeter {
  /** Their labels end with the name of the process, which whoever collects them knows. */
  readings(): readonly Reading[]
  close(): void
}

const windowMs = 10_000

export function meterProcess(): ProcessMeter {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  let window = delaysOf(delay)
  const turn = setInterval(() => {
    window = delaysOf(delay)
    delay.reset()
  }, windowMs).unref()
  const collections = new Map<string, number>()
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = kinds.get(kindOf(entry)) ?? 'other'
      collections.set(kind, (collections.get(kind) ?? 0) + entry.duration / 1000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })

  return {
    readings() {
      const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
      const { user, system } = process.cpuUsage()
      return [
        { metric: 'rss', labels: [], value: rss },
        { metric: 'heapUsed', labels: [], value: heapUsed },
        { metric: 'heapTotal', labels: [], value: heapTotal },
        { metric: 'external', labels: [], value: external },
        { metric: 'cpu', labels: [], value: (user + system) / 1e6 },
        { metric: 'startTime', labels: [], value: performance.timeOrigin / 1000 },
        { metric: 'loopActive', labels: [], value: performance.eventLoopUtilization().active / 1000 },
        ...Object.entries(window).map(
          ([quantile, value]): Reading => ({ metric: 'loopDelay', labels: [quantile], value }),
        ),
        ...Array.from(collections, ([kind, value]): Reading => ({ metric: 'gc', labels: [kind], value })),
        ...descriptors(),
      ]
    },
    close() {
      clearInterval(turn)
      observer.disconnect()
      delay.disable()
    },
  }
}

const kinds: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak'],
])

function kindOf(entry: object): number {
  const detail = 'detail' in entry ? entry.detail : undefined
  return typeof detail === 'object' && detail !== null && 'kind' in detail && typeof detail.kind === 'number'
    ? detail.kind
    : -1
}

/** Seconds, by quantile; 0 before anything was measured. */
function delaysOf(delay: ReturnType<typeof monitorEventLoopDelay>): Readonly<Record<string, number>> {
  if (delay.count === 0) return { '0.5': 0, '0.99': 0, '1': 0 }
  return { '0.5': delay.percentile(50) / 1e9, '0.99': delay.percentile(99) / 1e9, '1': delay.max / 1e9 }
}

/** Where the system tells, which is on Linux. */
function descriptors(): Reading[] {
  try {
    return [{ metric: 'descriptors', labels: [], value: readdirSync('/proc/self/fd').length }]
  } catch {
    return []
  }
}
