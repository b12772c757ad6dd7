// JUnit XML as test reports of CI systems read it: a file is a test case, what is at or over the threshold fails it, and
// what could not be read is an error.
import { isAtLeast } from '../rule.ts'
import { escaped } from './markup.ts'
import { placeText, type ReportedFile, type ReportedFinding, type ScanReport, type Summary } from './report.ts'

export function junitReport({ files, summary }: ScanReport): string {
  const cases = files.map((file) => testCase(file, summary))
  const failures = files.filter((file) => failing(file, summary).length > 0).length
  const errors = files.filter((file) => failing(file, summary).length === 0 && file.incomplete.length > 0).length
  const counts = `tests="${files.length}" failures="${failures}" errors="${errors}" skipped="0"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="holdfast scan" ${counts}>`,
    `  <testsuite name="holdfast scan" ${counts}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function testCase(file: ReportedFile, summary: Summary): string {
  const open = `    <testcase classname="${escaped(file.format)}" name="${escaped(file.path)}"`
  const found = failing(file, summary)
  const inside = [
    ...(found.length === 0
      ? []
      : [block('failure', `${file.maxSeverity}: ${found[0]?.title ?? ''}`, found.map(paragraph))]),
    ...(found.length > 0 || file.incomplete.length === 0
      ? []
      : [
          block(
            'error',
            'not read whole',
            file.incomplete.map(({ path, reason }) => `${path}: ${reason}`),
          ),
        ]),
    ...others(file, found),
  ]
  return inside.length === 0 ? `${open}/>` : [`${open}>`, ...inside, '    </testcase>'].join('\n')
}

function failing({ findings }: ReportedFile, { failOn }: Summary): readonly ReportedFinding[] {
  return failOn === 'none' ? [] : findings.filter(({ severity }) => isAtLeast(severity, failOn))
}

function others({ findings }: ReportedFile, failed: readonly ReportedFinding[]): string[] {
  const rest = findings.filter((finding) => !failed.includes(finding))
  return rest.length === 0 ? [] : [`      <system-out>${escaped(rest.map(paragraph).join('\n\n'))}</system-out>`]
}

function block(element: 'failure' | 'error', message: string, paragraphs: readonly string[]): string {
  return `      <${element} message="${escaped(message)}">${escaped(paragraphs.join('\n\n'))}</${element}>`
}

function paragraph({ severity, rule, id, message, location, trace, remedy }: ReportedFinding): string {
  const place = placeText(location)
  return [`${severity} ${rule} ${id}`, message, ...(place === '' ? [] : [`at ${place}`]), ...trace, remedy].join('\n')
}
