// One way into the scanner for the tests of single formats: bytes under a name, with every format at work.
import { defaultLimits } from './budget.ts'
import { formats } from './formats.ts'
import { type FileReport, scan } from './scan.ts'
import { bytesSource } from './source.ts'

export function scanned(path: string, content: string | Uint8Array): FileReport {
  const source = bytesSource(typeof content === 'string' ? Buffer.from(content) : content)
  return scan({ source, path, formats, limits: defaultLimits, options: { allowed: new Set() }, now: () => 0 })
}

export function severityOf({ maxSeverity }: FileReport): string | undefined {
  return maxSeverity
}
