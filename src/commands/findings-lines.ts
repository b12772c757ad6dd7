// Findings and actions as lines of text. What they say came from far away: nothing of it may steer a terminal.
import type { ActionRecord, Change, Finding } from '#findings'
import type { ActionWithHistory, FindingWithHistory } from '#server'
import { printable } from './terminal.ts'

export function findingsTable(list: readonly Finding[]): string {
  if (list.length === 0) return 'no findings\n'
  const rows = list.map(({ id, severity, state, count, lastSeen, title }) => [
    id,
    severity,
    state,
    String(count),
    time(lastSeen),
    printable(title),
  ])
  return table(['ID', 'SEVERITY', 'STATE', 'SEEN', 'LAST', 'TITLE'], rows)
}

export function actionsTable(list: readonly ActionRecord[]): string {
  if (list.length === 0) return 'no actions\n'
  const rows = list.map(({ id, kind, state, isDryRun, createdAt, actor, reason }) => [
    id,
    kind,
    isDryRun ? 'dry run' : state,
    time(createdAt),
    printable(actor),
    printable(reason),
  ])
  return table(['ID', 'KIND', 'STATE', 'WHEN', 'WHO', 'WHY'], rows)
}

export function describeFinding({ finding, history }: FindingWithHistory): string {
  const { id, severity, state, title, description, rule, asset, techniques, controls, count, until } = finding
  return lines([
    `${id}: ${printable(title)}`,
    ...(description === undefined ? [] : description.split('\n').map((line) => `  ${printable(line)}`)),
    `  severity    ${severity}`,
    `  state       ${state}${until === undefined ? '' : ` until ${time(until)}`}`,
    `  rule        ${printable(rule)}`,
    `  asset       ${asset}`,
    `  seen        ${count} times, ${time(finding.firstSeen)} to ${time(finding.lastSeen)}`,
    ...(techniques.length === 0 ? [] : [`  techniques  ${techniques.map((each) => each.id).join(', ')}`]),
    ...(controls.length === 0 ? [] : [`  controls    ${printable(controls.join(', '))}`]),
    ...finding.evidence.map(({ summary }) => `  evidence    ${printable(summary)}`),
    ...historyLines(history),
  ])
}

export function describeAction({ action, history }: ActionWithHistory): string {
  return lines([...actionLines(action), ...historyLines(history)])
}

export function actionText(action: ActionRecord): string {
  return lines(actionLines(action))
}

function actionLines(action: ActionRecord): string[] {
  const { id, kind, state, isDryRun, effects, probe, error, inverts, invertedBy, actor, reason } = action
  return [
    `${id}: ${kind}, ${isDryRun ? 'a dry run: nothing was changed' : state}`,
    ...effects.map((effect) => `  ${printable(effect)}`),
    `  by ${printable(actor)}: ${printable(reason)}`,
    ...(probe === undefined ? [] : [`  probe: ${probe.ok ? 'passed' : 'FAILED'}, ${printable(probe.detail)}`]),
    ...(error === undefined ? [] : [`  failed: ${printable(error)}`]),
    ...(inverts === undefined ? [] : [`  takes back ${inverts}`]),
    ...(invertedBy === undefined ? [] : [`  taken back by ${invertedBy}`]),
  ]
}

function historyLines(history: readonly Change[]): string[] {
  return history.map(({ state, at, by, detail, logIndex }) => {
    const entry = logIndex === undefined ? '' : ` (entry ${logIndex})`
    return `  ${time(at)}  ${state}  ${printable(by)}: ${printable(detail)}${entry}`
  })
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

function lines(list: readonly string[]): string {
  return `${list.join('\n')}\n`
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `${row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()}\n`
  return [titles, ...rows].map(line).join('')
}
