// holdfast keys: who may ask. Keys are shown once and stored as a digest.
import { resolve } from 'node:path'
import type { ActionRecord } from '#findings'
import type { ApiKeyRecord } from '#identity'
import { openAdministration, systemWorld } from '#server'
import { type CommandIo, exitCode, UsageError } from './io.ts'
import { installationOf } from './location.ts'
import { formatOption, helpOption, locationHelp, locationOptions, parseOptions, wantsJson } from './options.ts'
import { dataOption, pathFrom } from './shell.ts'

const help = `holdfast keys: API keys of the people and programs that may ask

  holdfast keys create --name NAME [--principal ID] [--tenant ID] [--scope SCOPE]... [--expires DAYS]
  holdfast keys list
  holdfast keys revoke KEY_ID [--reason TEXT] [--dry-run]

A running gateway learns of each change at once. The secret of a key is shown once, by create.

  --name NAME      what the key is for
  --principal ID   who it acts for (default: the name)
  --tenant ID      whose data it works on (default: default)
  --scope SCOPE    what it may do, for the policies to read (default: chat); repeat for more
  --expires DAYS   days until it stops working (1 to 3650, default: 90)
  --reason TEXT    why it is revoked, for the log
  --dry-run        say what revoking would do, and change nothing
  --format FORMAT  text or json
${locationHelp}
`

const options = {
  ...locationOptions,
  ...formatOption,
  ...helpOption,
  name: { type: 'string' },
  principal: { type: 'string' },
  tenant: { type: 'string', default: 'default' },
  scope: { type: 'string', multiple: true },
  expires: { type: 'string', default: '90' },
  reason: { type: 'string', default: 'revoked by the operator' },
  'dry-run': { type: 'boolean', default: false },
} as const

export async function keys(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions('keys', args, options, 2)
  const [verb, id] = positionals
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const json = wantsJson(values.format)
  if (id !== undefined && verb !== 'revoke') throw new UsageError(`unexpected '${id}'; see 'holdfast keys --help'`)
  if (verb !== 'create' && verb !== 'list' && verb !== 'revoke')
    throw new UsageError("say create, list or revoke; see 'holdfast keys --help'")
  if (verb === 'create' && values.name === undefined) throw new UsageError('keys create needs --name')
  if (verb === 'revoke' && id === undefined)
    throw new UsageError("keys revoke needs the id of a key; 'holdfast keys list' shows them")
  const days = /^\d{1,4}$/.test(values.expires) ? Number(values.expires) : 0
  if (days < 1 || days > 3650) throw new UsageError('--expires takes whole days, 1 to 3650')

  const place = installationOf(values, io)
  const { data } = place
  const { administration, close } = await openAdministration(place, systemWorld(io.stderr), {
    mayCreate: verb === 'create',
  })
  try {
    if (verb === 'list') {
      const list = await administration.listKeys()
      io.stdout(json ? `${JSON.stringify(list)}\n` : table(list, io.now()))
      return exitCode.ok
    }
    if (verb === 'create') {
      const name = values.name ?? ''
      const created = await administration.createKey({
        name,
        principal: values.principal ?? name,
        tenant: values.tenant,
        scopes: values.scope ?? ['chat'],
        expiresAt: io.now() + days * 86_400_000,
      })
      io.stdout(json ? `${JSON.stringify(created)}\n` : `${created.secret}\n`)
      if (!json) io.stderr(`key ${created.key.id}: keep the line above, it is not shown again\n`)
      return exitCode.ok
    }
    const key = (await administration.listKeys()).find((known) => known.id === id)
    if (key?.revokedAt !== undefined) {
      // Nothing happens, so nothing is logged.
      io.stdout(json ? `${JSON.stringify({ state: 'already revoked', key })}\n` : `already revoked: ${key.id}\n`)
      return exitCode.ok
    }
    const record = await administration.revokeKey({
      id: id ?? '',
      reason: values.reason,
      actor: 'operator',
      dryRun: values['dry-run'],
    })
    io.stdout(
      json
        ? `${JSON.stringify(record)}\n`
        : describeRevocation(record, `${pathFrom(io.cwd, io.program)} audit prove`, locationOf(values, io, data)),
    )
    return record.state === 'verified' || record.state === 'planned' ? exitCode.ok : exitCode.notAllRight
  } finally {
    await close()
  }
}

/** The option that the user said the installation with, to be pasted again. */
function locationOf(values: { config?: string | undefined }, io: CommandIo, data: string): string {
  if (values.config === undefined) return dataOption(io.cwd, data)
  return ` --config ${pathFrom(io.cwd, resolve(io.cwd, values.config))}`
}

function table(list: readonly ApiKeyRecord[], now: number): string {
  if (list.length === 0) return "no keys yet: 'holdfast keys create --name NAME' makes one\n"
  const rows = list.map((key) => [key.id, state(key, now), key.tenant, key.principal, key.scopes.join(','), key.name])
  const widths = ['ID', 'STATE', 'TENANT', 'PRINCIPAL', 'SCOPES', 'NAME'].map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]) =>
    `${row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`
  return [['ID', 'STATE', 'TENANT', 'PRINCIPAL', 'SCOPES', 'NAME'], ...rows].map(line).join('')
}

function state(key: ApiKeyRecord, now: number): string {
  if (key.revokedAt !== undefined) return 'revoked'
  if (key.expiresAt !== undefined && key.expiresAt <= now) return 'expired'
  return key.expiresAt === undefined ? 'active' : `active ${Math.ceil((key.expiresAt - now) / 86_400_000)}d`
}

/** @param prove  the command that proves an entry; `where` says of which installation */
function describeRevocation(record: ActionRecord, prove: string, where: string): string {
  const effects = record.effects.map((effect) => `  ${effect}\n`).join('')
  if (record.state === 'planned') return `would do, and has not done:\n${effects}`
  const probe =
    record.probe === undefined ? '' : `probe: ${record.probe.ok ? 'passed' : 'FAILED'}, ${record.probe.detail}\n`
  const proof = record.logIndex === undefined ? '' : `proof: ${prove} ${record.logIndex}${where}\n`
  return `${record.state}:\n${effects}${probe}${proof}`
}
