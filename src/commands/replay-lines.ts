// The result of a replay as lines for people.
import type { ReplayReport } from '#gateway'
import { printable } from './terminal.ts'

const titles = {
  newly_allowed: 'NEWLY ALLOWED: was denied, and would be allowed',
  newly_denied: 'newly denied: was allowed, and would be denied',
  other_rule: 'the same, decided by other policies',
} as const

const whys = {
  not_recorded: 'entries of an older version, which did not record what policy was asked',
  withheld: 'claims of a token (see policy.recordClaims), or what was too long for the log',
  no_basis: 'what the caller looked like is not in the log',
  damaged: "entries that somebody changed: run 'holdfast audit verify'",
  does_not_fit: 'the caller or the question does not fit the schema of these policies',
} as const

const reasons = ['not_recorded', 'withheld', 'no_basis', 'damaged', 'does_not_fit'] as const

export function replayLines(report: ReplayReport & { from: number; to: number; folder: string }): string {
  const { decisions, exchanges, notAsked, management, same, changed, inconclusive, differences, ungrouped } = report
  const unclear = reasons.filter((why) => inconclusive[why] > 0)
  const lines = [
    `policies   ${report.folder}`,
    `from       ${new Date(report.from).toISOString()} to ${new Date(report.to).toISOString()}`,
    `exchanges  ${exchanges}, ${notAsked} of them refused before policy was asked`,
    `decisions  ${decisions}: ${same} the same, ${changed.newly_allowed} newly allowed, ${changed.newly_denied} newly denied, ${changed.other_rule} by other policies`,
    ...(management > 0 ? [`left out   ${management} calls of the management API, which cannot be decided again`] : []),
  ]
  for (const [change, title] of Object.entries(titles)) {
    const kinds = differences.filter((each) => each.change === change)
    if (kinds.length > 0) lines.push('', title)
    for (const { principal, asked, was, now, count, examples } of kinds)
      lines.push(
        `  ${String(count).padStart(6)}  ${principal}: ${asked}`,
        `          was: ${was.join(', ') || 'no policy'}; now: ${now.join(', ') || 'no policy'}`,
        `          such as ${examples.join(', ')}`,
      )
  }
  if (ungrouped > 0) lines.push('', `and ${ungrouped} differences of further kinds`)
  if (unclear.length > 0) lines.push('', 'INCONCLUSIVE: could not be decided again')
  for (const why of unclear) lines.push(`  ${String(inconclusive[why]).padStart(6)}  ${whys[why]}`)
  return `${lines.map(printable).join('\n')}\n`
}
