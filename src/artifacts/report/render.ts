// A report in the format that was asked for. Each is loaded when it is needed.
import type { ScanReport } from './report.ts'

export const reportFormats = ['text', 'json', 'sarif', 'cyclonedx', 'junit', 'html'] as const
export type ReportFormat = (typeof reportFormats)[number]

/** @param hasColours  whether text may have colours */
export async function renderReport(report: ScanReport, format: ReportFormat, hasColours = false): Promise<string> {
  switch (format) {
    case 'text':
      return (await import('./text.ts')).textReport(report, hasColours)
    case 'json':
      return json(report)
    case 'sarif':
      return json((await import('./sarif.ts')).sarifReport(report))
    case 'cyclonedx':
      return json((await import('./cyclonedx.ts')).cyclonedxReport(report))
    case 'junit':
      return (await import('./junit.ts')).junitReport(report)
    case 'html':
      return (await import('./html.ts')).htmlReport(report)
  }
}

/** Half a surrogate pair, which no UTF-8 can hold, becomes U+FFFD. */
function json(value: object): string {
  const wellFormed = (_: string, each: unknown) => (typeof each === 'string' ? each.toWellFormed() : each)
  return `${JSON.stringify(value, wellFormed, 2)}\n`
}
