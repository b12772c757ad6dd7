// What one process says of itself: a worker to the sequencer, once a second and when somebody looks.
import type { HealthState, ListenerState } from '#gateway'
import type { Reading } from './exposition.ts'
import type { Increment } from './registry.ts'

/** Plain data. */
export interface ProcessReport {
  /** Their labels end with the name of the process, which whoever collects them adds. */
  readonly readings: readonly Reading[]
  /** Counted since the last report. */
  readonly increments: readonly Increment[]
  readonly upstreams: readonly UpstreamState[]
}

export interface UpstreamState extends HealthState {
  readonly name: string
}

/** How the serving of requests goes in a process. Plain data. */
export interface ServingState {
  readonly listener: ListenerState
  readonly upstreams: readonly UpstreamState[]
  /** Issuers whose keys were fetched, and when, ms since the epoch. */
  readonly keySets: readonly { readonly issuer: string; readonly fetchedAt: number }[]
}

/** @param now  ms since the epoch */
export function servingReadings({ listener, upstreams, keySets }: ServingState, now: number): Reading[] {
  return [
    { metric: 'connections', labels: [], value: listener.connections },
    { metric: 'exchanges', labels: [], value: listener.exchanges },
    { metric: 'streams', labels: [], value: listener.streams },
    ...upstreams.flatMap(({ name, circuit }) =>
      circuitStates.map(
        (state): Reading => ({ metric: 'circuit', labels: [name, state], value: state === circuit ? 1 : 0 }),
      ),
    ),
    ...keySets.map(
      ({ issuer, fetchedAt }): Reading => ({ metric: 'keySet', labels: [issuer], value: (now - fetchedAt) / 1000 }),
    ),
  ]
}

const circuitStates = ['closed', 'half_open', 'open'] as const

/** An open circuit whose time has come may be tried by the next request. */
export function mayBeCalled({ circuit, retryInMs }: UpstreamState): boolean {
  return circuit !== 'open' || retryInMs === 0
}
