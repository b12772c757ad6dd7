// The report for a person at a terminal: what came out first, then file by file, the gravest first. Everything that
// comes from a file is made harmless: a name may hold escapes that a terminal would obey.
import { isAtLeast, severities } from '../rule.ts'
import { placeText, type ReportedFile, type ReportedFinding, type ScanReport, severitiesDown } from './report.ts'

const styles = {
  critical: '\u001b[1;31m',
  high: '\u001b[31m',
  medium: '\u001b[33m',
  low: '\u001b[36m',
  info: '\u001b[2m',
  inconclusive: '\u001b[35m',
  clean: '\u001b[32m',
} as const

type Paint = (text: string, style: keyof typeof styles) => string

/** @param hasColours  whether the reader is a terminal that shows them */
export function textReport(report: ScanReport, hasColours: boolean): string {
  const paint: Paint = (text, style) => (hasColours ? `${styles[style]}${text}\u001b[0m` : text)
  const shown = report.files.filter((file) => file.verdict !== 'clean' || file.findings.length > 0)
  const lines = [...summaryLines(report, paint), ...shown.toSorted(byWeight).flatMap((file) => fileLines(file, paint))]
  return `${lines.join('\n')}\n`
}

function summaryLines({ summary }: ScanReport, paint: Paint): string[] {
  const { verdicts, severities: counts, failOn, failing, accepted, result } = summary
  const found = severitiesDown.filter((each) => counts[each] > 0).map((each) => paint(`${counts[each]} ${each}`, each))
  const results = {
    clean: () => paint(failOn === 'none' ? 'all was read' : `clean: nothing at or over ${failOn}`, 'clean'),
    findings: () => paint(`${countOf(failing, 'finding')} at or over ${failOn}`, 'critical'),
    incomplete: () => paint(`${countOf(summary.incomplete, 'file')} could not be read whole`, 'inconclusive'),
  }
  return [
    `files     ${summary.files}, ${sizeText(summary.bytes)}: ${verdicts.clean} clean, ${verdicts.findings} with findings, ${verdicts.inconclusive} inconclusive`,
    `findings  ${found.length === 0 ? 'none' : found.join(', ')}${accepted > 0 ? `; ${accepted} accepted` : ''}`,
    `result    ${results[result]()}`,
  ]
}

function fileLines(file: ReportedFile, paint: Paint): string[] {
  const style = file.verdict === 'inconclusive' ? 'inconclusive' : (file.maxSeverity ?? 'clean')
  return [
    '',
    `${paint(printable(file.path), style)}  ${file.formats.join(', ')}${file.size === null ? '' : `, ${sizeText(file.size)}`}`,
    ...file.findings.flatMap((finding) => findingLines(finding, paint)),
    ...file.incomplete.map(({ path, reason }) => {
      const inside = path === file.path ? '' : `${path.slice(file.path.length + 2)}: `
      return `  ${paint('INCONCLUSIVE', 'inconclusive')}  ${printable(`${inside}${reason}`)}`
    }),
  ]
}

function findingLines(finding: ReportedFinding, paint: Paint): string[] {
  const { severity, rule, message, location, trace, id, remedy } = finding
  const place = placeText(location)
  const tags = [...finding.cwe, ...finding.atlas, ...finding.owasp, ...finding.references]
  return [
    `  ${paint(severity.toUpperCase().padEnd(8), severity)}  ${printable(message)}`,
    ...(place === '' ? [] : [`            at     ${printable(place)}`]),
    ...trace.map((step, place) => `            ${place === 0 ? 'trace ' : '      '} ${printable(step)}`),
    `            rule   ${rule} ${id}${tags.length === 0 ? '' : ` ${printable(tags.join(' '))}`}`,
    `            do     ${printable(remedy)}`,
  ]
}

function byWeight(a: ReportedFile, b: ReportedFile): number {
  return weight(b) - weight(a)
}

function weight({ maxSeverity, verdict }: ReportedFile): number {
  const severity = maxSeverity === null ? -1 : severities.indexOf(maxSeverity)
  return maxSeverity !== null && isAtLeast(maxSeverity, 'medium')
    ? severity
    : verdict === 'inconclusive'
      ? 1.5
      : severity
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** In powers of 1000, as disks are sold and rates are told. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3))
  const amount = bytes / 1000 ** power
  return `${power === 0 ? amount : amount.toFixed(amount < 10 ? 1 : 0)} ${units[power]}`
}

/** One line: control and direction characters lose their power. */
function printable(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
}
