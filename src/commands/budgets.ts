// holdfast budgets: what is spent, reserved and left in the windows of now.
import type { Account, BudgetState } from '#limits'
import { openAdministration, systemWorld } from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { installationOf } from './location.ts'
import { formatOption, helpOption, locationHelp, locationOptions, parseOptions, wantsJson } from './options.ts'
import { printable } from './terminal.ts'

const help = `holdfast budgets: what is spent, reserved and left

  holdfast budgets list [--subject ID]
  holdfast budgets show BUDGET [--subject ID]

list has a line for each budget and each of its subjects: a key, a tenant, tenant/principal, or all together.
show says the same of one budget in full, with the time at which it is renewed. Only windows of now are shown, and
only subjects that asked for something in them. Budgets are set in holdfast.yaml, under limits.budgets.

  --subject ID     only this subject
  --format FORMAT  text or json; amounts of money are then in millionths
${locationHelp}

Exit code 0 when something is left everywhere, 1 when a budget that is shown is used up.
`

const options = { ...locationOptions, ...formatOption, ...helpOption, subject: { type: 'string' } } as const

export async function budgets(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions('budgets', args, options, 2)
  const [verb, name] = positionals
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const json = wantsJson(values.format)
  if (verb !== 'list' && verb !== 'show') throw new UsageError("say list or show; see 'holdfast budgets --help'")
  if (verb === 'list' && name !== undefined) throw new UsageError(`unexpected '${name}'; see 'holdfast budgets --help'`)
  if (verb === 'show' && name === undefined)
    throw new UsageError("budgets show needs the name of a budget; 'holdfast budgets list' shows them")

  const place = installationOf(values, io)
  const { administration, close } = await openAdministration(place, systemWorld(io.stderr), { mayCreate: false })
  try {
    const found = (await administration.listBudgets()).filter(
      ({ account }) =>
        (name === undefined || account.budget === name) &&
        (values.subject === undefined || account.subject === values.subject),
    )
    if (json) io.stdout(`${JSON.stringify(found)}\n`)
    else if (found.length === 0)
      io.stdout(
        `nothing was asked for under ${name === undefined ? 'a budget' : `a budget '${name}'`} in the windows of now\n`,
      )
    else io.stdout(verb === 'list' ? table(found) : found.map(description).join('\n'))
    return found.some(({ left }) => left === 0) ? exitCode.notAllRight : exitCode.ok
  } finally {
    await close()
  }
}

const titles = ['BUDGET', 'PER', 'SUBJECT', 'UNIT', 'EVERY', 'SPENT', 'RESERVED', 'LEFT', 'LIMIT']

function table(states: readonly BudgetState[]): string {
  const rows = states.map(({ account, spent, reserved, left, limit }) => [
    account.budget,
    account.per,
    printable(account.subject === '' ? 'all' : account.subject),
    unitNames[account.unit],
    account.period,
    ...[spent, reserved, left, limit].map((amount) => amountOf(account.unit, amount)),
  ])
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number) =>
    column < firstAmount ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return [titles, ...rows].map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('')
}

const firstAmount = titles.indexOf('SPENT')

function description({ account, window, spent, reserved, left, limit }: BudgetState): string {
  const amount = (value: number) => amountOf(account.unit, value)
  return [
    `${account.budget}: ${unitNames[account.unit]} a ${account.period}, per ${account.per} ${printable(account.subject)}`.trimEnd(),
    `  limit     ${amount(limit)}`,
    `  spent     ${amount(spent)}`,
    `  reserved  ${amount(reserved)}`,
    `  left      ${amount(left)}`,
    `  since     ${new Date(window.start).toISOString()}`,
    `  renewed   ${new Date(window.end).toISOString()}`,
    '',
  ].join('\n')
}

const unitNames: Readonly<Record<Account['unit'], string>> = {
  requests: 'requests',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  tokens: 'tokens',
  cost: 'cost',
}

/** Money with its six digits; everything else is whole. */
function amountOf(unit: Account['unit'], amount: number): string {
  return unit === 'cost' ? (amount / 1e6).toFixed(6) : String(amount)
}
