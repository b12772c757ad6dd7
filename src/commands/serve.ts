// holdfast serve: the gateway, from holdfast.yaml, until it is told to stop.
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import {
  createLogger,
  createNotifier,
  diskReader,
  type Holdfast,
  readConfigured,
  startHoldfast,
  systemWorld,
} from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { helpOption, locationOptions, parseOptions } from './options.ts'

const help = `holdfast serve: run the gateway from holdfast.yaml

  holdfast serve [--config FILE] [--data DIR] [--workers N] [--no-watch] [--log-format FORMAT] [--json]

  --config FILE    default: ./holdfast.yaml ('holdfast init' writes one)
  --data DIR       the data folder, instead of the one that the file names
  --workers N      how many processes serve, 1 to 64, or 'auto' for one a core (default: 1, this process itself)
  --no-watch       do not look for changes of the configuration
  --log-format F   how lines on stderr are written, text or json; wins over logs.format of the file
  --json           print one line of JSON when ready, for scripts

Changes of the configuration, its secrets, its certificate and its policies take effect by themselves, on SIGHUP, and
with 'holdfast config reload': running requests end as they began, and what is wrong changes nothing. SIGUSR2 and
'holdfast restart' replace the workers one after another. Takes its sockets from systemd where it has any (LISTEN_FDS).

Stops in order on SIGINT or SIGTERM: running requests finish, the log gets its last checkpoint.
`

const options = {
  ...helpOption,
  data: locationOptions.data,
  config: { type: 'string', default: 'holdfast.yaml' },
  workers: { type: 'string', default: '1' },
  'no-watch': { type: 'boolean', default: false },
  'log-format': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

export async function serve(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions('serve', args, options, 0)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const { signal } = io
  const workers = workersOf(values.workers)
  const logFormat = logFormatOf(values['log-format'])
  const sockets = handedOver(io)
  if (sockets.length > workers)
    throw new UsageError(
      `${sockets.length} sockets were handed over: say --workers ${sockets.length}, or hand over one`,
    )
  const file = await readConfigured(resolve(io.cwd, values.config), diskReader)
  const read = values.data === undefined ? file : { ...file, data: resolve(io.cwd, values.data) }
  const watch = !values['no-watch']
  const world = systemWorld(createLogger(io.stderr, io.now, logFormat))
  const notifier = createNotifier(io.env, world)
  const holdfast = await startHoldfast(read, world, { workers, sockets, watch })
  obeySignals(holdfast, io)
  const upstreams = read.settings.upstreams.map(({ name }) => name)
  io.stdout(
    values.json
      ? `${JSON.stringify({ gateway: holdfast.url, upstreams, data: read.data, pid: process.pid, operations: holdfast.operationsUrl, api: holdfast.apiUrl })}\n`
      : `Holdfast serves ${upstreams.join(', ')} at ${holdfast.url}/v1. Ctrl-C stops it.\n`,
  )
  notifier.ready()
  await aborted(signal)
  notifier.stopping()
  if (!values.json) io.stdout('Stopping: no new requests; finishing the running ones…\n')
  await holdfast.close()
  if (!values.json) io.stdout('Stopped; the log is complete.\n')
  return exitCode.ok
}

export function aborted(signal: AbortSignal): Promise<void> {
  return signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function obeySignals({ operations }: Holdfast, io: CommandIo): void {
  // What is wrong with a configuration, the gateway tells itself.
  io.onSignal('SIGHUP', () => void operations.reload('signal'))
  io.onSignal('SIGUSR2', () => {
    operations.restart().catch((error) => io.stderr(`holdfast: ${error instanceof Error ? error.message : error}\n`))
  })
}

function workersOf(text: string): number {
  const count = text === 'auto' ? availableParallelism() : Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 64) throw new UsageError("--workers takes 1 to 64, or 'auto'")
  return count
}

function logFormatOf(text: string | undefined): 'text' | 'json' | undefined {
  if (text === undefined || text === 'text' || text === 'json') return text
  throw new UsageError(`--log-format takes text or json, not '${text}'`)
}

/** Sockets that are ours by sd_listen_fds(3): as many as LISTEN_FDS says, from 3 on, when LISTEN_PID is this process. */
function handedOver(io: CommandIo): readonly number[] {
  const count = Number(io.env('LISTEN_FDS') ?? 0)
  const isOurs = io.env('LISTEN_PID') === String(process.pid)
  return isOurs && Number.isInteger(count) ? Array.from({ length: count }, (_, at) => 3 + at) : []
}
