// Results of policy tests and decisions: as lines for people, and as JUnit XML for build servers.
import type { PolicyDecision, PolicySet, SuiteReport } from '#policy'
import { printable, printableText } from './terminal.ts'

/** @param missed  the threshold of coverage in percent, when it was missed */
export function reportLines({ results, coverage }: SuiteReport, missed: number | undefined): string {
  const lines: string[] = []
  let file = ''
  for (const result of results) {
    if (result.file !== file) lines.push(result.file)
    file = result.file
    lines.push(`  ${result.failures.length === 0 ? 'ok  ' : 'FAIL'}  ${result.name}`)
    for (const failure of result.failures) lines.push(`        line ${result.line}: ${failure}`)
  }
  const failed = results.filter(({ failures }) => failures.length > 0).length
  const { policies, unexercised } = coverage
  lines.push(
    `${results.length - failed} passed, ${failed} failed; ${policies - unexercised.length} of ${policies} policies exercised`,
  )
  for (const { id, file, line } of unexercised) lines.push(`  not exercised: ${id} (${file}:${line})`)
  if (missed !== undefined) lines.push(`coverage is below ${missed} %`)
  return `${lines.map(printable).join('\n')}\n`
}

/** A decision, and the text of each policy that took it. */
export function decisionLines({ decision, reasons, errors }: PolicyDecision, set: PolicySet): string {
  const lines = [
    `${decision}${reasons.length === 0 && decision === 'deny' && errors.length === 0 ? ': no policy permits it' : ''}`,
  ]
  for (const id of reasons) {
    const policy = set.policies.find((each) => each.id === id)
    if (policy === undefined) continue
    lines.push(`by ${id} (${policy.file}:${policy.line})`, ...policy.text.split('\n').map((line) => `  ${line}`))
  }
  for (const { policy, effect, message } of errors) lines.push(`${effect} ${policy} cannot be evaluated: ${message}`)
  return printableText(`${lines.join('\n')}\n`)
}

/** JUnit XML, as build servers read it: one suite for each file. */
export function junitReport(reports: readonly SuiteReport[]): string {
  const byFile = Map.groupBy(
    reports.flatMap(({ results }) => results),
    ({ file }) => file,
  )
  const suites = Array.from(byFile, ([file, results]) => {
    const failed = results.filter(({ failures }) => failures.length > 0).length
    const cases = results.map(({ name, line, failures }) => {
      const head = `    <testcase classname="${xml(file)}" name="${xml(name)}" file="${xml(file)}" line="${line}"`
      if (failures.length === 0) return `${head}/>\n`
      return `${head}>\n      <failure message="${xml(failures[0] ?? '')}">${xml(failures.join('\n'))}</failure>\n    </testcase>\n`
    })
    return `  <testsuite name="${xml(file)}" tests="${results.length}" failures="${failed}">\n${cases.join('')}  </testsuite>\n`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('')}</testsuites>\n`
}

/** What XML 1.0 cannot hold, control characters among it, becomes the replacement character. */
function xml(text: string): string {
  return printableText(text.toWellFormed())
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/[<>&"'\n\t]/g, (character) => `&#${character.codePointAt(0)};`)
}
