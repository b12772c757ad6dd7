// holdfast replay: yesterday's decisions under edited policies, before they are put to work.
import { join } from 'node:path'
import { readEntries, seekTime } from '#audit'
import { createReplay, findBasis } from '#gateway'
import { readPolicies } from '#server'
import { type CommandIo, exitCode } from './io.ts'
import {
  dataFolder,
  formatOption,
  helpOption,
  locationHelp,
  locationOptions,
  parseOptions,
  policyFolder,
  timeOf,
  wantsJson,
} from './options.ts'
import { replayLines } from './replay-lines.ts'

const help = `holdfast replay: yesterday's decisions under edited policies, before they are put to work

  holdfast replay [--policy FOLDER] [--from TIME] [--to TIME] [--fail-on-difference]

Takes the decisions of policy that are in the log again, with the policies in FOLDER, and prints what would come out
otherwise: what would be allowed that was denied, then what would be denied that was allowed, then what another policy
would decide. Nothing is sent anywhere and nothing is changed. A decision that the log does not hold enough of is
inconclusive.

  --policy FOLDER  the edited policies (default: those of --config, or of ./holdfast.yaml, or ./policies)
  --from TIME      from this time on: 2026-11-20T08:00Z, or 15m, 2h, 7d ago (default: 24h)
  --to TIME        before this time (default: now)
  --fail-on-difference
                   exit code 1 when anything is decided otherwise or is inconclusive
  --format FORMAT  text or json
${locationHelp}

The log is read as it is: 'holdfast audit verify' says whether it is the one that was written.
`

const options = {
  ...locationOptions,
  ...formatOption,
  ...helpOption,
  policy: { type: 'string' },
  from: { type: 'string', default: '24h' },
  to: { type: 'string' },
  'fail-on-difference': { type: 'boolean', default: false },
} as const

const progressMs = 2_000
/** Entries behind the end that may still be followed by one before it: gateways in several threads write one log. */
const slack = 1_024

export async function replay(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions('replay', args, options, 0)
  if (values.help) {
    io.stdout(help)
    return exitCode.ok
  }
  const json = wantsJson(values.format)
  const dir = join(dataFolder(values, io), 'log')
  const from = timeOf('--from', values.from, io)
  const to = values.to === undefined ? io.now() : timeOf('--to', values.to, io)
  const folder = policyFolder(values.policy, values, io)
  const again = createReplay(await readPolicies(folder), (named, decision) => findBasis({ dir }, named, decision))

  let read = 0
  let behind = 0
  let toldAt = io.now()
  for await (const { index, event } of readEntries({ dir, from: await seekTime({ dir }, from) })) {
    behind = event !== undefined && event.time >= to ? behind + 1 : 0
    if (behind > slack) break
    if (event === undefined || (event.time >= from && event.time < to)) await again.take({ index, event })
    read++
    if (io.now() - toldAt < progressMs) continue
    toldAt = io.now()
    io.stderr(`${read} entries read\n`)
  }
  const report = { from, to, folder, ...again.report() }
  io.stdout(json ? `${JSON.stringify(report)}\n` : replayLines(report))
  const { changed, inconclusive } = report
  const isOtherwise = [...Object.values(changed), ...Object.values(inconclusive)].some((count) => count > 0)
  return values['fail-on-difference'] && isOtherwise ? exitCode.notAllRight : exitCode.ok
}
