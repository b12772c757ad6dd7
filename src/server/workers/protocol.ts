// What the sequencer and its workers ask of each other. The sequencer has the installation: the log, the store, and
// whatever all requests share. A worker has a listener, a house, and no file of the data folder.
import type { KnownKey } from '#identity'
import type { AddressGuard, BudgetCharge, Budgets, LeasePlace, Leases } from '#limits'
import type { LogLine } from '../logger.ts'
import type { ProcessReport } from '../metrics/report.ts'
import type { Recording } from '../recording.ts'
import type { Shared } from '../shared.ts'

/** What a worker may ask: all that is shared, except what is kept in each worker. */
export interface SequencerCalls extends Pick<Shared, 'record' | 'note' | 'admit' | 'protect'> {
  acquire(input: { readonly id: string; readonly places: readonly LeasePlace[] }): ReturnType<Leases['acquire']>
  release(id: string): void
  reserve(input: { readonly id: string; readonly charges: readonly BudgetCharge[] }): ReturnType<Budgets['reserve']>
  settle(input: { readonly id: string; readonly amounts: readonly number[] }): void
  check(address: string): ReturnType<AddressGuard['check']>
  failed(input: { readonly address: string; readonly code: string }): ReturnType<AddressGuard['failed']>
  drain(input: undefined): ReturnType<AddressGuard['drain']>
  detected(detection: Parameters<Shared['detected']>[0]): void
  /** Once a second: the worker's event loop turns, and this is how it is. */
  beat(report: ProcessReport): void
  /** For the operator. */
  tell(line: LogLine): void
}

/** What the sequencer asks of a worker. */
export interface WorkerCalls {
  /** Begins to serve. Resolves when it accepts connections. */
  start(input: WorkerStart): { readonly url: string; readonly version: string } | { readonly failure: string }
  /** Takes keys that are new or have changed; from the answer on it refuses what is refused. */
  keys(keys: readonly KnownKey[]): void
  /** Builds what a configuration says. One at a time: `commit` or `discard` follows. */
  prepare(input: Configuration): { readonly failure: string | undefined }
  commit(input: undefined): void
  discard(input: undefined): void
  /** How it is. What it has counted has then been told by a `beat`. */
  report(input: undefined): void
  /** Stops serving as `Serving.close`; the process ends after the answer. */
  stop(input: { readonly graceMs: number; readonly lingerMs: number }): void
}

/** Enough to read the same configuration again, in the same words. Holds secrets. */
export interface Configuration {
  readonly file: string
  readonly recording: Recording
  /** What the program was started with: some of it is kept until it ends (see `withoutRestart`). */
  readonly started: Recording
}

export interface WorkerStart extends Configuration {
  readonly commitKey: Uint8Array
}
