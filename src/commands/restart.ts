// holdfast restart: new workers in the place of the old ones, one after another, while everybody is served.
import { connectControl } from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import {
  dataFolder,
  formatOption,
  helpOption,
  locationHelp,
  locationOptions,
  parseOptions,
  wantsJson,
} from './options.ts'

const help = `holdfast restart: replace the workers of a running gateway, without refusing anybody

  holdfast restart [--data DIR | --config FILE] [--format json]

For a gateway that was started with 'holdfast serve --workers 2' or more. Each worker gets a successor first and
then finishes what it has begun, for at most shutdownGrace. The log and everything that is counted go on. A new version
of the program needs a restart of the service instead: docs/operations.md says how nobody is refused then either.

  --format FORMAT  text or json
${locationHelp}
`

const options = { ...locationOptions, ...formatOption, ...helpOption } as const

export async function restart(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions('restart', args, options, 0)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const json = wantsJson(values.format)
  const data = dataFolder(values, io)
  const gateway = await connectControl(data)
  if (gateway === undefined) throw new UsageError(`no gateway runs on ${data}`)
  const result = await gateway.restart()
  io.stdout(json ? `${JSON.stringify(result)}\n` : `${result.replaced} workers replaced\n`)
  return exitCode.ok
}
