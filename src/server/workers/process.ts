// One worker as the sequencer sees it: a child process with a socket, a channel to it, and a heartbeat.
import { type ChildProcess, fork } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import type { ProcessReport } from '../metrics/report.ts'
import type { Shared } from '../shared.ts'
import type { World } from '../world.ts'
import { type Channel, type Message, openChannel } from './channel.ts'
import type { Configuration, SequencerCalls, WorkerCalls } from './protocol.ts'

export interface WorkerProcess {
  readonly pid: number
  readonly channel: Channel<WorkerCalls>
  /** Resolves when the process has ended: with the signal that ended it, or its exit code. */
  readonly ended: Promise<string>
  /** Exchanges that were allowed and have not ended, by id: what dies with the process. */
  readonly running: ReadonlySet<string>
  /** What it last said of itself. */
  readonly latest: ProcessReport
  /** ms since its last sign of life, in whole seconds. */
  readonly silentMs: number
  /** What it serves by. */
  configuration: Configuration
  /** From now on a worker whose event loop stands still is ended. */
  watchBeats(): void
  kill(): void
}

const beatMs = 1000
/** A loop that stands still for so many beats has hung: no request and no collection of garbage takes that long. */
const maxMissedBeats = 5

/**
 * @param number  from 1
 * @param fd      the socket that it is to listen on
 */
export function startProcess(
  number: number,
  fd: number,
  configuration: Configuration,
  shared: Shared,
  { logger, report }: Pick<World, 'logger' | 'report'>,
): WorkerProcess {
  // In the checkout this file is TypeScript, in the published package JavaScript; its sibling is the same.
  const isSource = import.meta.url.endsWith('.ts')
  const entry = isSource ? new URL('./worker.ts', import.meta.url) : new URL('./worker.js', import.meta.url)
  const child = fork(entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', fd],
    env: { ...process.env, ...compileCache() },
  })
  const running = new Set<string>()
  let missed = 0
  let latest: ProcessReport = { readings: [], increments: [], upstreams: [] }
  let watching: NodeJS.Timeout | undefined
  const leases = new Set<string>()
  const channel = openChannel<SequencerCalls, WorkerCalls>(
    portOf(child),
    {
      record(event) {
        if (isAllowedDecision(event)) running.add(event.metadata.correlation_uid ?? '')
        return shared.record(event)
      },
      note(event) {
        running.delete(event.metadata.correlation_uid ?? '')
        return shared.note(event)
      },
      detected: shared.detected,
      admit: shared.admit,
      protect: shared.protect,
      acquire({ id, places }) {
        leases.add(id)
        return shared.leases.acquire(id, places)
      },
      release(id) {
        leases.delete(id)
        return shared.leases.release(id)
      },
      reserve: ({ id, charges }) => shared.budgets.reserve(id, charges),
      settle: ({ id, amounts }) => shared.budgets.settle(id, amounts),
      check: shared.addresses.check,
      failed: ({ address, code }) => shared.addresses.failed(address, code),
      drain: shared.addresses.drain,
      tell: (line) => logger.tell({ ...line, fields: { ...line.fields, process: `worker-${number}` } }),
      beat(told) {
        missed = 0
        latest = told
        shared.metrics.give(told.increments)
      },
    },
    (error) => report('what a worker had to say could not be kept', error),
  )
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  const end = (reason: string) => {
    clearInterval(watching)
    channel.end()
    // Its exchanges are over. What they had reserved of a budget stays spent: nobody knows what they have used.
    for (const id of leases) void shared.leases.release(id)
    resolve(reason)
  }
  child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
  child.once('error', (error) => end(error.message))
  return {
    pid: child.pid ?? 0,
    channel,
    ended,
    running,
    get latest() {
      return latest
    },
    get silentMs() {
      return missed * beatMs
    },
    configuration,
    watchBeats() {
      // Counted in our own turns: when the whole machine stood still, nobody is to blame.
      watching = setInterval(() => {
        if (++missed > maxMissedBeats) child.kill('SIGKILL')
      }, beatMs)
    },
    kill: () => child.kill('SIGKILL'),
  }
}

function portOf(child: ChildProcess) {
  return {
    // A child that has just died is told of by `exit`.
    send: (message: Message) => child.connected && child.send(message, () => {}),
    // The only sender is our own program.
    onMessage: (take: (message: Message) => void) =>
      child.on('message', (message) => take(message as unknown as Message)),
  }
}

function isAllowedDecision({ metadata, status_id }: Parameters<Shared['record']>[0]): boolean {
  return status_id === 1 && metadata.uid.endsWith('.decision')
}

/** Half of a start is compiling. */
function compileCache(): Record<string, string> {
  const folder = getCompileCacheDir()
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder }
}
