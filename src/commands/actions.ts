// holdfast actions: what was done, and taking it back.
import type { ActionRecord } from '#findings'
import { type ActionWithHistory, openAdministration, systemWorld } from '#server'
import { given, limitOf } from './findings.ts'
import { actionsTable, actionText, describeAction } from './findings-lines.ts'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { installationOf } from './location.ts'
import { formatOption, helpOption, locationHelp, locationOptions, parseOptions, wantsJson } from './options.ts'

const help = `holdfast actions: what was done about findings and keys, and taking it back

  holdfast actions list [--kind KIND] [--unfinished] [--limit N]
  holdfast actions show ACTION_ID
  holdfast actions invert ACTION_ID --reason TEXT
  holdfast actions resume ACTION_ID

list has the latest first. invert runs the action that restores what was there before, and proves it. resume goes on
with an action that a crash interrupted: it applies again what may be half-done, and probes.

  --kind KIND      only of this kind, as revoke_api_key
  --unfinished     only what is under way, or waits to be resumed
  --limit N        at most so many, 1 to 1000 (default: 100)
  --reason TEXT    why, for the log
  --format FORMAT  text or json
${locationHelp}

Exit code 0 when it was done and proved, 1 when it failed; list --unfinished: 1 when there is something.
`

const options = {
  ...locationOptions,
  ...formatOption,
  ...helpOption,
  kind: { type: 'string' },
  unfinished: { type: 'boolean', default: false },
  limit: { type: 'string', default: '100' },
  reason: { type: 'string' },
} as const

export async function actions(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions('actions', args, options, 2)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const json = wantsJson(values.format)
  const [verb, id = ''] = positionals
  if (verb !== 'list' && verb !== 'show' && verb !== 'invert' && verb !== 'resume')
    throw new UsageError("say list, show, invert or resume; see 'holdfast actions --help'")
  if ((verb === 'list') !== (id === ''))
    throw new UsageError(`${verb}: see 'holdfast actions --help' for what it takes`)
  const { reason } = values
  if (verb === 'invert' && reason === undefined) throw new UsageError('invert needs --reason, for the log')
  const filter = { limit: limitOf(values.limit), unfinished: values.unfinished, ...given('kind', values.kind) }
  const show = (value: ActionRecord | ActionWithHistory | readonly ActionRecord[], text: string) =>
    io.stdout(json ? `${JSON.stringify(value)}\n` : text)

  const world = systemWorld(io.stderr)
  const { administration, close } = await openAdministration(installationOf(values, io), world, { mayCreate: false })
  try {
    if (verb === 'list') {
      const list = await administration.listActions(filter)
      show(list, actionsTable(list))
      return values.unfinished && list.length > 0 ? exitCode.notAllRight : exitCode.ok
    }
    if (verb === 'show') {
      const found = await administration.showAction({ id })
      show(found, describeAction(found))
      return exitCode.ok
    }
    const record =
      verb === 'resume'
        ? await administration.resumeAction({ id })
        : await administration.invertAction({ id, actor: 'operator', reason: reason ?? '' })
    show(record, actionText(record))
    return record.state === 'verified' ? exitCode.ok : exitCode.notAllRight
  } finally {
    await close()
  }
}
