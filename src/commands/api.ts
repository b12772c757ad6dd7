// holdfast api: the management API's document, for generators of clients.
import { describeApi } from '#api'
import { explanationSchema } from '#gateway'
import { version } from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { helpOption, parseOptions } from './options.ts'

const help = `holdfast api: the management API

  holdfast api openapi    print its OpenAPI 3.1 document, from which a client can be generated

A gateway serves the API where its holdfast.yaml has 'api: {}', and the document at /api/v1/openapi.json. A key for it:
'holdfast keys create --name ci --scope scan', with the scopes scan, audit or admin.
`

export async function api(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions('api', args, { ...helpOption }, 1)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  if (positionals[0] !== 'openapi') throw new UsageError("say openapi; see 'holdfast api --help'")
  io.stdout(`${JSON.stringify(await describeApi(version, explanationSchema), null, 2)}\n`)
  return exitCode.ok
}
