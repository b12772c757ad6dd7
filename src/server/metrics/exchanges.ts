// What an exchange adds to the metrics when it is over. On the way of every request, so handles are kept; labels come
// from closed sets: our own words, and names of the configuration.
import { type Observation, stageNames } from '#gateway'
import { costOf, priceFinder } from '#limits'
import type { Settings } from '../settings.ts'
import type { Counter, Histogram, Registry } from './registry.ts'

type MeterSettings = Pick<Settings, 'upstreams' | 'routes' | 'limits'>

export function createExchangeMeter(registry: Registry, settings: MeterSettings): (observation: Observation) => void {
  const stages = stageNames.map((stage) => registry.histogram('stage', stage))
  const ofOperation = remembered((operation) => operationMeter(registry, operation))
  const ofUpstream = remembered((upstream) => registry.histogram('upstreamSeconds', upstream))
  const ofModel = remembered((model) => modelMeter(registry, model))
  const counters = new Map<string, Counter>()
  const names = configuredModels(settings)
  const priceOf = rememberedFor(priceFinder(settings.limits.prices))

  function count(metric: Parameters<Registry['counter']>[0], ...labels: string[]): void {
    const key = `${metric} ${labels.join(' ')}`
    let counter = counters.get(key)
    if (counter === undefined) {
      counter = registry.counter(metric, ...labels)
      if (counters.size < maxRemembered) counters.set(key, counter)
    }
    counter.add(1)
  }

  function countTokens(model: string, { spent }: Observation): void {
    if (spent === undefined) return
    const meter = ofModel(names.has(model) ? model : 'other')
    meter.input.add(spent.input)
    meter.cached.add(spent.cached)
    meter.output.add(spent.output)
    const price = priceOf(model)
    if (price !== undefined) meter.cost.add(costOf(price, spent) / 1e6)
  }

  return (observation) => {
    const { operation, status, code, stage, rule, upstream, model, marks } = observation
    count('requests', operation, code, statusClass(status), upstream ?? '')
    if (stage !== undefined) {
      count('refusals', stage, code)
      if (isLimit(code)) count('limited', rule)
    }
    const meter = ofOperation(operation)
    meter.duration.observe(observation.durationMs / 1000)
    if (observation.firstByteMs !== undefined) meter.firstByte.observe(observation.firstByteMs / 1000)
    meter.received.add(observation.bytesIn)
    meter.sent.add(observation.bytesOut)
    let ownMs = 0
    for (let at = 1; at < marks.length; at++) {
      const ms = (marks[at] ?? 0) - (marks[at - 1] ?? 0)
      stages[at - 1]?.observe(ms / 1000)
      if (at !== readStage) ownMs += ms
    }
    // Of a request that was refused nothing was added to.
    if (stage === undefined && marks.length > 1) meter.overhead.observe(ownMs / 1000)
    for (const { detector, category, action, direction } of observation.verdicts)
      count('verdicts', detector, category, action, direction)
    for (const attempt of observation.attempts) {
      count('attempts', attempt.upstream, attempt.error ?? statusClass(attempt.status ?? 0))
      ofUpstream(attempt.upstream).observe(attempt.ms / 1000)
    }
    if (model !== undefined) countTokens(model, observation)
  }
}

/** The mark at which `read` ended: it waits for the client. */
const readStage = stageNames.indexOf('read') + 1
const maxRemembered = 10_000

function operationMeter(registry: Registry, operation: string): OperationMeter {
  return {
    duration: registry.histogram('duration', operation),
    firstByte: registry.histogram('firstByte', operation),
    overhead: registry.histogram('overhead', operation),
    received: registry.counter('received', operation),
    sent: registry.counter('sent', operation),
  }
}

interface OperationMeter {
  readonly duration: Histogram
  readonly firstByte: Histogram
  readonly overhead: Histogram
  readonly received: Counter
  readonly sent: Counter
}

function modelMeter(registry: Registry, model: string) {
  return {
    input: registry.counter('tokens', model, 'input'),
    cached: registry.counter('tokens', model, 'cached'),
    output: registry.counter('tokens', model, 'output'),
    cost: registry.counter('cost', model),
  }
}

/** Names that the configuration says in full; clients can make up others without end. */
function configuredModels({ upstreams, routes, limits }: MeterSettings): ReadonlySet<string> {
  const names = [
    ...upstreams.flatMap(({ models, modelNames }) => [...models, ...Object.keys(modelNames)]),
    ...routes.flatMap(({ models }) => models),
    ...limits.prices.flatMap(({ models }) => models),
  ]
  return new Set(names.filter((name) => !name.includes('*')))
}

function isLimit(code: string): boolean {
  return code === 'rate_limit_exceeded' || code === 'concurrency_limit_exceeded' || code === 'budget_exceeded'
}

function statusClass(status: number): string {
  return status === 0 ? 'none' : `${Math.floor(status / 100)}xx`
}

/** For names out of a small closed set. */
function remembered<T>(make: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>()
  return (name) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const made = make(name)
    known.set(name, made)
    return made
  }
}

/** For names that clients choose. */
function rememberedFor<T>(find: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>()
  return (name) => {
    if (known.has(name)) return known.get(name) ?? find(name)
    const found = find(name)
    if (known.size >= maxRemembered) known.clear()
    known.set(name, found)
    return found
  }
}
