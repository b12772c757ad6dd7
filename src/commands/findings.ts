// holdfast findings: what is wrong, and what people decided about it.
import { type Finding, type FindingState, findingStates, severities } from '#findings'
import { type FindingWithHistory, openAdministration, systemWorld } from '#server'
import { describeFinding, findingsTable } from './findings-lines.ts'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { installationOf } from './location.ts'
import { formatOption, helpOption, locationHelp, locationOptions, parseOptions, timeOf, wantsJson } from './options.ts'

const help = `holdfast findings: what is wrong, and what people decided about it

  holdfast findings list [--state STATE] [--min-severity SEVERITY] [--asset ID] [--rule RULE] [--limit N]
  holdfast findings show FINDING_ID
  holdfast findings transition FINDING_ID STATE --reason TEXT [--until TIME]

list has the gravest first, then the latest. transition puts who, when and why on record, and works while a gateway
is running, and without one.

  STATE              open, acknowledged, resolved, excepted or false_positive
  --min-severity S   this severity and graver ones: ${severities.join(', ')}
  --asset ID         only about this asset (ast_…)
  --rule RULE        only found by this rule
  --limit N          at most so many, 1 to 1000 (default: 100)
  --reason TEXT      why, for the log
  --until TIME       when an exception ends: 2027-01-31. After that the finding counts as open again
  --format FORMAT    text or json
${locationHelp}

Exit code 0 when it was done; list: 1 when a finding that is listed is open and high or critical.
`

const options = {
  ...locationOptions,
  ...formatOption,
  ...helpOption,
  state: { type: 'string' },
  'min-severity': { type: 'string' },
  asset: { type: 'string' },
  rule: { type: 'string' },
  limit: { type: 'string', default: '100' },
  reason: { type: 'string' },
  until: { type: 'string' },
} as const

export async function findings(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions('findings', args, options, 3)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const json = wantsJson(values.format)
  const [verb, id = '', to] = positionals
  const show = (value: Finding | FindingWithHistory | readonly Finding[], text: string) =>
    io.stdout(json ? `${JSON.stringify(value)}\n` : text)
  const isListing = verb === 'list'
  if (!isListing && verb !== 'show' && verb !== 'transition')
    throw new UsageError("say list, show or transition; see 'holdfast findings --help'")
  if (isListing !== (id === '')) throw new UsageError(`${verb}: see 'holdfast findings --help' for what it takes`)
  if ((verb === 'transition') !== (to !== undefined))
    throw new UsageError('transition, and nothing else, takes a state')
  const filter = {
    limit: limitOf(values.limit),
    ...given('state', values.state === undefined ? undefined : oneOf(values.state, findingStates)),
    ...given(
      'minSeverity',
      values['min-severity'] === undefined ? undefined : oneOf(values['min-severity'], severities),
    ),
    ...given('asset', values.asset),
    ...given('rule', values.rule),
  }
  const change = to === undefined ? undefined : changeOf(oneOf(to, findingStates), values, io)

  const world = systemWorld(io.stderr)
  const { administration, close } = await openAdministration(installationOf(values, io), world, { mayCreate: false })
  try {
    if (isListing) {
      const list = await administration.listFindings(filter)
      show(list, findingsTable(list))
      return list.some(isUrgent) ? exitCode.notAllRight : exitCode.ok
    }
    if (change !== undefined) {
      const moved = await administration.transitionFinding({ id, by: 'operator', ...change })
      show(moved, `${moved.id} is ${moved.state.replace('_', ' ')}\n`)
      return exitCode.ok
    }
    const found = await administration.showFinding({ id })
    show(found, describeFinding(found))
    return exitCode.ok
  } finally {
    await close()
  }
}

function isUrgent({ state, severity }: Finding): boolean {
  return state === 'open' && (severity === 'high' || severity === 'critical')
}

function changeOf(
  to: FindingState,
  { reason, until }: { readonly reason?: string | undefined; readonly until?: string | undefined },
  io: CommandIo,
) {
  if (reason === undefined) throw new UsageError('transition needs --reason, for the log')
  if ((to === 'excepted') !== (until !== undefined))
    throw new UsageError('an exception, and nothing else, has an end: say --until TIME')
  return { to, reason, ...given('until', until === undefined ? undefined : timeOf('--until', until, io)) }
}

export function limitOf(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new UsageError('--limit takes 1 to 1000')
  return limit
}

function oneOf<const T extends string>(text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text)
  if (found === undefined) throw new UsageError(`'${text}' is none of ${choices.join(', ')}`)
  return found
}

/** A member, or none where nothing was said. */
export function given<const Name extends string, T>(name: Name, value: T | undefined): { [K in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [K in Name]?: T }
}
