// Events and reports of the log as lines for people.
import type { LogEntry, LogReport, OcsfEvent } from '#audit'
import { printable } from './terminal.ts'

const classNames: Readonly<Record<number, string>> = {
  2004: 'finding',
  3002: 'logon',
  3004: 'change',
  6002: 'lifecycle',
  6003: 'exchange',
  7001: 'action',
}
/** Activities of class 3004 (OCSF Entity Management) that Holdfast writes. */
const changeNames: Readonly<Record<number, string>> = {
  1: 'create',
  2: 'read',
  3: 'update',
  4: 'delete',
  8: 'enable',
  9: 'disable',
  12: 'suspend',
  13: 'resume',
}
const statusNames = ['unknown', 'success', 'failure'] as const
const findingStates = ['unknown', 'new', 'in progress', 'suppressed', 'resolved', 'archived', 'deleted'] as const

/** One line: index, time, class, status, who, what. */
export function entryLine({ index, event }: LogEntry): string {
  if (event === undefined) return `${`${index}`.padStart(8)}  not an event: run 'holdfast audit verify'\n`
  const columns = [
    `${index}`.padStart(8),
    timeText(event.time),
    (classNames[event.class_uid] ?? `${event.class_uid}`).padEnd(9),
    statusName(event).padEnd(11),
    (event.actor?.user?.uid ?? '-').padEnd(20),
    subjectOf(event),
  ]
  return `${printable(columns.join('  ')).trimEnd()}\n`
}

/** What was verified, and what is wrong. */
export function reportLines(report: LogReport): string {
  const { size, journaled, signedAt, sinceSize, keysFrom, problems, remarks } = report
  const when = signedAt === undefined ? 'no verified time' : new Date(signedAt).toISOString()
  const facts = [
    ['log', report.origin],
    ['entries', `${size} under the checkpoint of ${when}, ${journaled} after it`],
    ['root', report.root],
    ['keys', keysFrom === 'caller' ? 'yours' : "the log's own log.pub; keep a copy elsewhere and pass it with --keys"],
    ...(sinceSize === undefined ? [] : [['since', `the first ${sinceSize} entries are held against your checkpoint`]]),
    ...remarks.map((remark) => ['remark', remark]),
    ['result', problems.length === 0 ? 'all right' : `NOT all right: ${problems.length} problem(s)`],
  ]
  const lines = facts.map(([name = '', value = '']) => `${name.padEnd(9)}${value}`)
  const wrong = problems.map(({ kind, message }) => `  ${kind.padEnd(10)} ${message}`)
  return `${[...lines, ...wrong].map(printable).join('\n')}\n`
}

/** A changed entry may claim a time that no calendar has. */
function timeText(time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? `${time}`.padEnd(24) : date.toISOString()
}

function statusName(event: OcsfEvent): string {
  if (event.status !== undefined) return event.status.toLowerCase()
  const names: readonly string[] = event.class_uid === 2004 ? findingStates : statusNames
  return names[event.status_id] ?? `status ${event.status_id}`
}

/** What the event is about: the fields differ by class, and a stored event may lack any of them. */
function subjectOf(event: OcsfEvent): string {
  const details = event.unmapped?.holdfast
  const parts = [
    details?.phase,
    event.class_uid === 3004 ? changeNames[event.activity_id] : undefined,
    at(event, 'api', 'operation'),
    at(event, 'ai_model', 'name'),
    at(event, 'http_response', 'code'),
    at(event, 'finding_info', 'title'),
    at(event, 'entity', 'type'),
    at(event, 'entity', 'uid'),
    at(event, 'app', 'name'),
    at(event, 'app', 'version'),
    at(event, 'remediation', 'desc'),
    at(event, 'policy', 'uid'),
    event.status_code,
    event.class_uid === 3004 ? at(event, 'comment') : undefined,
    event.class_uid === 6003 ? event.metadata.correlation_uid : event.message,
  ]
  return parts.filter((part) => typeof part === 'string' || typeof part === 'number').join(' ')
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  )
}
