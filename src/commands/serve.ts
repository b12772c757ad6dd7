// holdfast serve: the gateway, from holdfast.yaml, until it is told to stop.
import { resolve } from 'node:path'
import { readSettings, startHoldfast, systemWorld } from '#server'
import { type CommandIo, exitCode } from './io.ts'
import { helpOption, locationOptions, parseOptions } from './options.ts'

const help = `holdfast serve: run the gateway from holdfast.yaml

  holdfast serve [--config FILE] [--data DIR] [--json]

  --config FILE    default: ./holdfast.yaml ('holdfast init' writes one)
  --data DIR       the data folder, instead of the one that the file names
  --json           print one line of JSON when ready, for scripts

Stops in order on SIGINT or SIGTERM: running requests finish, the log gets its last checkpoint.
`

const options = {
  ...helpOption,
  data: locationOptions.data,
  config: { type: 'string', default: 'holdfast.yaml' },
  json: { type: 'boolean', default: false },
} as const

export async function serve(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions('serve', args, options, 0)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const { signal } = io
  const file = await readSettings(resolve(io.cwd, values.config))
  const read = values.data === undefined ? file : { ...file, data: resolve(io.cwd, values.data) }
  const holdfast = await startHoldfast(read, systemWorld(io.stderr))
  const upstreams = read.settings.upstreams.map(({ name }) => name)
  io.stdout(
    values.json
      ? `${JSON.stringify({ gateway: holdfast.url, upstreams, data: read.data, pid: process.pid })}\n`
      : `Holdfast serves ${upstreams.join(', ')} at ${holdfast.url}/v1. Ctrl-C stops it.\n`,
  )
  await aborted(signal)
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
