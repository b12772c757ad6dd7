// Several processes that serve one installation on one port. This process has the installation and puts everything into
// one order; the workers have the listeners. Processes rather than threads: a worker that crashes, runs out of memory or
// has to be ended takes nobody with it, and a call costs about the same (docs/operations.md has the figures).
import { applicationLifecycle } from '#audit'
import { ServerError } from '../error.ts'
import type { Installation } from '../installation.ts'
import type { Recording } from '../recording.ts'
import type { Configured } from '../reload.ts'
import type { NamedReport, Prepared, Serving, WorkerState } from '../serving.ts'
import type { Shared } from '../shared.ts'
import { version } from '../version.ts'
import type { World } from '../world.ts'
import { startProcess, type WorkerProcess } from './process.ts'
import type { Configuration } from './protocol.ts'
import { bindSockets, handedOver, type Sockets } from './sockets.ts'

export interface FleetOptions {
  /** How many, >= 2. */
  readonly count: number
  /** Sockets that somebody else keeps; none: they are bound as the settings say. */
  readonly sockets: readonly number[]
  readonly configured: Configured
  readonly shared: Shared
  readonly installation: Installation
  readonly world: World
}

/** How long a worker may take until it serves: a large set of policies takes a while. */
const startLimitMs = 60_000
/** How much longer than it was given a worker may take to stop. */
const stopMarginMs = 5_000
/** A worker that has lived so long has started well. */
const steadyMs = 60_000
const longestPauseMs = 10_000
/** How long a worker may take to say how it is. */
const reportLimitMs = 1_000
/** How long idle connections of a worker that is replaced may still bring a request. */
const lingerMs = 5_000

/** @throws ServerError as `bindSockets`; `worker_failed` when a worker does not serve */
export async function startWorkers(options: FleetOptions): Promise<Serving> {
  const { host, port } = options.configured.settings.listen
  const { sockets: fds, count } = options
  const sockets = fds.length > 0 ? handedOver(fds) : await bindSockets(host, port, count)
  const fleet = new Fleet(options, sockets)
  try {
    return await fleet.open()
  } catch (error) {
    await fleet.close(0, 0)
    throw error
  }
}

interface Slot {
  readonly number: number
  worker: WorkerProcess | undefined
  /** Since when there is none; monotonic ms. */
  downSince: number
  /** Starts that did not last, in a row. */
  failures: number
}

class Fleet {
  readonly #options: FleetOptions
  readonly #sockets: Sockets
  readonly #slots: readonly Slot[]
  /** Every process there is, those that are on their way in or out among them. */
  readonly #processes = new Set<WorkerProcess>()
  /** Those that serve, also when they are on their way out. */
  readonly #serving = new Set<WorkerProcess>()
  /** Those whose end is no accident. */
  readonly #retiring = new WeakSet<WorkerProcess>()
  #configuration: Configuration
  #graceMs: number
  #replacing: Promise<unknown> = Promise.resolve()
  #isClosing = false

  constructor(options: FleetOptions, sockets: Sockets) {
    const { file, recording, settings } = options.configured
    this.#options = options
    this.#sockets = sockets
    this.#configuration = { file, recording, started: recording }
    this.#graceMs = settings.shutdownGrace
    this.#slots = Array.from({ length: options.count }, (_, number) => ({
      number,
      worker: undefined,
      downSince: options.world.monotonic(),
      failures: 0,
    }))
  }

  async open(): Promise<Serving> {
    const urls = await Promise.all(this.#slots.map((slot) => this.#fill(slot)))
    return {
      url: urls[0] ?? '',
      prepare: (next) => this.#prepare(next.recording, next.settings.shutdownGrace),
      restart: () => this.#restart(),
      reports: () => this.#reports(),
      workers: () => this.#slots.map((slot) => this.#stateOf(slot)),
      close: (graceMs, lingerMs) => this.close(graceMs, lingerMs),
    }
  }

  async close(graceMs: number, lingerMs: number): Promise<void> {
    this.#isClosing = true
    // From here on nobody waits in a queue: when the workers let go of a socket too, connections are refused.
    this.#sockets.close()
    await this.#replacing.catch(() => {})
    for (const { worker } of this.#slots) if (worker !== undefined) this.#retire(worker, graceMs, lingerMs)
    await Promise.all([...this.#processes].map(({ ended }) => ended))
  }

  /** Starts a worker and puts it in the slot. @returns the URL that it serves */
  async #fill(slot: Slot): Promise<string> {
    const { worker, url } = await this.#launch(slot)
    slot.worker = worker
    if (this.#isClosing) this.#retire(worker, 0, 0)
    const since = this.#options.world.monotonic()
    worker.ended.then((reason) => {
      if (this.#isClosing || this.#retiring.has(worker)) return
      const lasted = this.#options.world.monotonic() - since
      slot.failures = lasted > steadyMs ? 1 : slot.failures + 1
      this.#noteDeath(slot, worker, reason)
      if (slot.worker === worker) this.#refill(slot)
    })
    return url
  }

  /** @throws ServerError `worker_failed` */
  async #launch({ number }: Slot): Promise<{ worker: WorkerProcess; url: string }> {
    const { shared, installation, world } = this.#options
    const worker = startProcess(number + 1, this.#sockets.fdOf(number), this.#configuration, shared, world)
    this.#processes.add(worker)
    // A worker that is gone refuses every key.
    const unfollow = installation.keys.follow((keys) => worker.channel.call('keys', keys).catch(() => {}))
    worker.ended.then(() => {
      unfollow()
      this.#processes.delete(worker)
      this.#serving.delete(worker)
    })
    const limit = setTimeout(() => worker.kill(), startLimitMs)
    try {
      const started = await worker.channel.call('start', { ...this.#configuration, commitKey: shared.commitKey })
      if ('failure' in started) throw failed(number, started.failure)
      if (started.version !== version) throw failed(number, anotherVersion(started.version))
      this.#serving.add(worker)
      // The configuration may have changed in the meantime.
      while (worker.configuration !== this.#configuration) await this.#catchUp(worker)
      worker.watchBeats()
      return { worker, url: started.url }
    } catch (error) {
      this.#retiring.add(worker)
      worker.kill()
      throw error instanceof ServerError ? error : failed(number, `it ended: ${await worker.ended}`)
    } finally {
      clearTimeout(limit)
    }
  }

  async #catchUp(worker: WorkerProcess): Promise<void> {
    const configuration = this.#configuration
    const { failure } = await worker.channel.call('prepare', configuration)
    if (failure !== undefined) throw new ServerError('worker_failed', failure)
    await worker.channel.call('commit', undefined)
    worker.configuration = configuration
  }

  /** Tries until there is a worker again, at first at once and then with growing pauses. */
  async #refill(slot: Slot): Promise<void> {
    slot.worker = undefined
    slot.downSince = this.#options.world.monotonic()
    const pause = slot.failures <= 1 ? 0 : Math.min(longestPauseMs, 100 * 2 ** slot.failures)
    await new Promise((resolve) => setTimeout(resolve, pause).unref())
    if (this.#isClosing || slot.worker !== undefined) return
    try {
      await this.#fill(slot)
      this.#record(slot, 'start', 'success', {})
    } catch (error) {
      this.#options.world.warn(error instanceof Error ? error.message : String(error))
      slot.failures++
      if (!this.#isClosing) await this.#refill(slot)
    }
  }

  /** One that hangs, or is about to go, is as it said last. */
  async #reports(): Promise<readonly NamedReport[]> {
    const present = this.#slots.flatMap(({ number, worker }) => (worker === undefined ? [] : [{ number, worker }]))
    return await Promise.all(
      present.map(async ({ number, worker }) => {
        const { promise: late, resolve } = Promise.withResolvers<void>()
        const limit = setTimeout(resolve, reportLimitMs)
        await Promise.race([worker.channel.call('report', undefined).catch(() => {}), late])
        clearTimeout(limit)
        return { ...worker.latest, process: `worker-${number + 1}` }
      }),
    )
  }

  #stateOf({ number, worker, downSince }: Slot): WorkerState {
    const downMs = worker === undefined ? this.#options.world.monotonic() - downSince : undefined
    return { number: number + 1, silentMs: worker?.silentMs ?? 0, downMs }
  }

  async #prepare(recording: Recording, graceMs: number): Promise<Prepared> {
    const configuration = { ...this.#configuration, recording }
    const workers = [...this.#serving]
    const results = await Promise.all(
      workers.map((worker) => worker.channel.call('prepare', configuration).catch(() => died)),
    )
    const failure = results.find((result) => result !== died && result.failure !== undefined)?.failure
    // One that has died comes back with the configuration of that moment.
    const ready = workers.filter((_, at) => results[at] !== died)
    const tell = async (what: 'commit' | 'discard') => {
      await Promise.all(ready.map((worker) => worker.channel.call(what, undefined).catch(() => {})))
    }
    if (failure !== undefined) {
      await tell('discard')
      throw new ServerError('worker_failed', failure)
    }
    return {
      commit: async () => {
        this.#configuration = configuration
        this.#graceMs = graceMs
        for (const worker of ready) worker.configuration = configuration
        const late = [...this.#serving].filter((worker) => worker.configuration !== configuration)
        // One that cannot follow must not serve by what no longer holds.
        await Promise.all([tell('commit'), ...late.map((worker) => this.#catchUp(worker).catch(worker.kill))])
      },
      discard: () => tell('discard'),
    }
  }

  #restart(): Promise<number> {
    const replaced = this.#replacing.then(async () => {
      for (const slot of this.#slots) {
        const old = slot.worker
        if (this.#isClosing) throw new ServerError('worker_failed', 'the gateway stops')
        await this.#fill(slot)
        this.#record(slot, 'restart', 'success', {})
        this.#options.shared.metrics.counter('workerRestarts', 'asked').add(1)
        // Until now both take connections from the same queue.
        if (old !== undefined) this.#retire(old, this.#graceMs, Math.min(lingerMs, this.#graceMs))
      }
      return this.#slots.length
    })
    this.#replacing = replaced.catch(() => {})
    return replaced
  }

  /** Lets a worker finish what it has begun, for as long as it may take. */
  #retire(worker: WorkerProcess, graceMs: number, lingerMs: number): void {
    this.#retiring.add(worker)
    const limit = setTimeout(() => worker.kill(), graceMs + lingerMs + stopMarginMs)
    worker.channel
      .call('stop', { graceMs, lingerMs })
      .catch(() => {})
      .finally(() => worker.kill())
    worker.ended.then(() => clearTimeout(limit))
  }

  #noteDeath(slot: Slot, { running }: WorkerProcess, reason: string): void {
    const { shared, world } = this.#options
    world.warn(
      `worker ${slot.number + 1} ended (${reason}) with ${running.size} exchanges running; it is replaced`,
      'worker_ended',
    )
    shared.metrics.counter('workerRestarts', 'died').add(1)
    // Their decisions are on record; that they have no outcome is explained here.
    const unfinished = [...running].slice(0, maxListed)
    this.#record(slot, 'stop', 'failure', { reason, unfinished, unfinished_count: running.size })
  }

  #record(
    { number }: Slot,
    activity: 'start' | 'stop' | 'restart',
    status: 'success' | 'failure',
    details: Readonly<Record<string, unknown>>,
  ): void {
    const { shared, world } = this.#options
    const app = { name: 'holdfast worker', version, uid: `worker-${number + 1}` }
    shared
      .record(applicationLifecycle({ time: world.now(), uid: world.id('ev'), activity, app, status, details }))
      .catch((error) => world.report('the end of a worker could not be put on record', error))
  }
}

const maxListed = 500
const died = { failure: undefined }

function failed(number: number, reason: string): ServerError {
  return new ServerError('worker_failed', `worker ${number + 1} does not serve: ${reason}`)
}

function anotherVersion(found: string): string {
  return `the program on the disk is now ${found}, and this one is ${version}: restart the service to change over`
}
