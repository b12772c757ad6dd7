// holdfast config: is this configuration right, and what may stand in one?
import { resolve } from 'node:path'
import { jsonSchemaOf } from '#config'
import { readSettings, settingsSchema } from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { helpOption, locationOptions, parseOptions } from './options.ts'

const help = `holdfast config: check a configuration, or print its JSON Schema

  holdfast config check [--config FILE]   read the file, its references and its policies; say what is wrong, and where
  holdfast config schema                  print the JSON Schema of holdfast.yaml, for editors

  --config FILE    default: ./holdfast.yaml
  --data DIR       the data folder that 'serve' would be given; nothing is read from it
`

const options = {
  ...helpOption,
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
    default:
      throw new UsageError("say check or schema; see 'holdfast config --help'")
  }
}
