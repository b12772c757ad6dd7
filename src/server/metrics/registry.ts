// What is counted and measured in one process. Counters and histograms can be taken out and put into the registry of
// another process, so that what a worker has counted outlives it.
import { type MetricName, metrics } from './catalogue.ts'

/** Values of the labels, in the order in which the catalogue names them. */
export type Labels = readonly string[]

export interface Counter {
  add(amount: number): void
}

export interface Histogram {
  /** @param value  in the unit of the metric's name, such as seconds */
  observe(value: number): void
}

/** What was added to one series. Plain data. */
export interface Increment {
  readonly metric: MetricName
  readonly labels: Labels
  /** Of a histogram, the sum of what was observed. */
  readonly value: number
  /** Of a histogram: how many observations fell into each bucket, not cumulative; the last one has no upper bound. */
  readonly counts?: readonly number[]
}

export interface Registry {
  /** A handle that stays good; whoever counts often keeps it. */
  counter(metric: MetricName, ...labels: string[]): Counter
  histogram(metric: MetricName, ...labels: string[]): Histogram
  /** All series as they are. */
  list(): readonly Increment[]
  /** What has come since the last call; counting begins again. */
  take(): readonly Increment[]
  /** Adds what was taken from another registry. */
  give(increments: readonly Increment[]): void
}

export function createRegistry(): Registry {
  const families = new Map<MetricName, Map<string, Series>>()

  function seriesOf(metric: MetricName, labels: Labels): Series {
    let family = families.get(metric)
    if (family === undefined) {
      family = new Map()
      families.set(metric, family)
    }
    const key = labels.join('\0')
    const known = family.get(key)
    if (known !== undefined) return known
    // Labels are our own words or the operator's. Should one ever not be, its series must not fill the memory.
    if (family.size >= maxSeries && labels.some((label) => label !== overflow))
      return seriesOf(
        metric,
        labels.map(() => overflow),
      )
    const series = new Series(metric, labels)
    family.set(key, series)
    return series
  }

  const all = () => [...families.values()].flatMap((family) => [...family.values()])

  return {
    counter: (metric, ...labels) => seriesOf(metric, labels),
    histogram: (metric, ...labels) => seriesOf(metric, labels),
    list: () => all().map((series) => series.read()),
    take() {
      const changed = all().filter((series) => !series.isEmpty)
      return changed.map((series) => series.take())
    },
    give(increments) {
      for (const each of increments) seriesOf(each.metric, each.labels).give(each)
    },
  }
}

const maxSeries = 2000
const overflow = 'other'

class Series implements Counter, Histogram {
  readonly #metric: MetricName
  readonly #labels: Labels
  readonly #bounds: readonly number[] | undefined
  #counts: number[] | undefined
  #value = 0

  constructor(metric: MetricName, labels: Labels) {
    this.#metric = metric
    this.#labels = labels
    this.#bounds = metrics[metric].buckets
    this.#counts = this.#bounds && emptyCounts(this.#bounds)
  }

  get isEmpty(): boolean {
    return this.#value === 0 && !this.#counts?.some((count) => count > 0)
  }

  add(amount: number): void {
    this.#value += amount
  }

  observe(value: number): void {
    const bounds = this.#bounds
    const counts = this.#counts
    if (bounds === undefined || counts === undefined) return
    let at = 0
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++
    counts[at] = (counts[at] ?? 0) + 1
    this.#value += value
  }

  read(): Increment {
    const common = { metric: this.#metric, labels: this.#labels, value: this.#value }
    return this.#counts === undefined ? common : { ...common, counts: this.#counts }
  }

  take(): Increment {
    const taken = this.read()
    this.#value = 0
    this.#counts = this.#bounds && emptyCounts(this.#bounds)
    return taken
  }

  give({ value, counts }: Increment): void {
    this.#value += value
    const own = this.#counts
    if (own !== undefined) for (const [at, count] of (counts ?? []).entries()) own[at] = (own[at] ?? 0) + count
  }
}

function emptyCounts(bounds: readonly number[]): number[] {
  return new Array<number>(bounds.length + 1).fill(0)
}
