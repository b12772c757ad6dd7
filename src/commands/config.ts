// holdfast config: is this configuration right, and what may stand in one?
import { resolve } from 'node:path'
import { jsonSchemaOf } from '#config'
import { connectControl, type ReloadResult, readSettings, settingsSchema } from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { dataFolder, formatOption, helpOption, locationOptions, parseOptions, wantsJson } from './options.ts'

const help = `holdfast config: check a configuration, print its JSON Schema, or let a running gateway read it again

  holdfast config check [--config FILE]   read the file, its references and its policies; say what is wrong, and where
  holdfast config schema                  print the JSON Schema of holdfast.yaml, for editors
  holdfast config reload [--config FILE]  let the gateway that runs on the data folder read its configuration again;
                                          exit code 1 when it refuses it and keeps the old one

  --config FILE    default: ./holdfast.yaml
  --data DIR       the data folder that 'serve' was given, instead of the one that the file names
  --format FORMAT  text or json, for reload
`

const options = {
  ...helpOption,
  ...formatOption,
  data: locationOptions.data,
  config: { type: 'string', default: 'holdfast.yaml' },
} as const

export async function config(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions('config', args, options, 1)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  switch (positionals[0]) {
    case 'check': {
      const file = resolve(io.cwd, values.config)
      const { settings, policies } = await readSettings(file)
      io.stdout(`${file} is right: ${settings.upstreams.length} upstream(s), ${policies.policies.length} policies\n`)
      return exitCode.ok
    }
    case 'schema':
      io.stdout(`${JSON.stringify(jsonSchemaOf(settingsSchema), null, 2)}\n`)
      return exitCode.ok
    case 'reload':
      return reload(values, io)
    default:
      throw new UsageError("say check, schema or reload; see 'holdfast config --help'")
  }
}

interface ReloadValues {
  readonly data?: string | undefined
  readonly config: string
  readonly format: string
}

async function reload(values: ReloadValues, io: CommandIo): Promise<number> {
  const json = wantsJson(values.format)
  const data = dataFolder(values.data === undefined ? { config: values.config } : { data: values.data }, io)
  const gateway = await connectControl(data)
  if (gateway === undefined) throw new UsageError(`no gateway runs on ${data}`)
  const result = await gateway.reload('command')
  if (json) io.stdout(`${JSON.stringify(result)}\n`)
  else if (result.outcome === 'refused') io.stderr(`holdfast: the configuration stays as it was: ${result.reason}\n`)
  else io.stdout(describeReload(result))
  return result.outcome === 'refused' ? exitCode.notAllRight : exitCode.ok
}

function describeReload(result: Exclude<ReloadResult, { outcome: 'refused' }>): string {
  if (result.outcome === 'unchanged') return 'nothing has changed\n'
  const line = (path: string) => `  ${path}${result.waiting.includes(path) ? ' (at the next start)' : ''}\n`
  return `changed:\n${result.changed.map(line).join('')}`
}
