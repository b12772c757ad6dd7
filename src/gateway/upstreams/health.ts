// How an upstream is: its circuit, the models that it is too busy for, and what its failures may still cost.
import { type CallResult, type CircuitChange, type CircuitState, createCircuit, type Passage } from './circuit.ts'
import type { UpstreamError } from './error.ts'
import type { HealthSettings } from './health-settings.ts'
import { createRetryBudget, type RetryBudget } from './retry.ts'

export interface Health {
  readonly budget: RetryBudget
  /** `ready`, or `busy` when the upstream asked for time for this model, or `closed_off` when no call may be made now. */
  condition(model: string): 'ready' | 'busy' | 'closed_off'
  /** As `Circuit.enter`. */
  enter(caller: string): Passage | undefined
  /** As `Circuit.observed`. */
  observed(isUp: boolean): void
  /** The upstream has too much to do for this model, for that long. */
  makeBusy(model: string, ms: number): void
  /** For metrics and readiness. */
  state(): HealthState
}

/** Plain data. */
export interface HealthState {
  readonly circuit: CircuitState
  /** ms until an open circuit is tried again, whole. */
  readonly retryInMs: number
  readonly failuresInARow: number
  /** Of the last window. */
  readonly calls: number
  readonly failures: number
  /** Models that it is too busy for. */
  readonly busyModels: number
}

export interface HealthWorld {
  /** ms, monotonic. */
  readonly monotonic: () => number
  /** 0 to 1. */
  readonly random: () => number
  readonly onChange: (change: CircuitChange) => void
}

export function createHealth(settings: HealthSettings, world: HealthWorld): Health {
  const circuit = createCircuit(settings, world)
  const busyUntil = new Map<string, number>()

  function isBusy(model: string): boolean {
    const until = busyUntil.get(model)
    if (until === undefined) return false
    if (until > world.monotonic()) return true
    busyUntil.delete(model)
    return false
  }

  return {
    budget: createRetryBudget(settings.retryRatio, settings.retryBurst),
    condition(model) {
      if (!circuit.isPassable) return 'closed_off'
      return busyUntil.size > 0 && isBusy(model) ? 'busy' : 'ready'
    },
    enter: circuit.enter,
    observed: circuit.observed,
    makeBusy(model, ms) {
      // Names come from clients: the oldest goes.
      const [oldest] = busyUntil.keys()
      if (busyUntil.size >= maxBusyModels && oldest !== undefined) busyUntil.delete(oldest)
      busyUntil.set(model, world.monotonic() + Math.min(ms, settings.maxOpenFor))
    },
    state() {
      for (const model of [...busyUntil.keys()]) isBusy(model)
      const { inARow, calls, failures } = circuit.counts
      return {
        circuit: circuit.state,
        retryInMs: Math.ceil(circuit.waitMs),
        failuresInARow: inARow,
        calls,
        failures,
        busyModels: busyUntil.size,
      }
    },
  }
}

const maxBusyModels = 256

/** What the end of a call says about the upstream. */
export function resultOf(error: UpstreamError): CallResult {
  if (error.code === 'aborted' || error.code === 'no_resources') return 'unknown'
  if (error.wasSent) return 'failed'
  // All its connections are in use, by us: that is no news of the upstream.
  return error.progress === 'waiting' ? 'unknown' : 'down'
}

/** What the status of an answer says. Too many requests is the opposite of being down. */
export function isFailureStatus(status: number): boolean {
  return status >= 500 && status !== 501
}
