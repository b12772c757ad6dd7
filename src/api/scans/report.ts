// What a scan says, as `holdfast scan --format json` shows it, and whether a file is let in on account of it.
import { z } from 'zod'
import type { ScanReport } from '#artifacts'
import { scanSeverities } from '../settings.ts'

const severity = z.enum(scanSeverities)
const verdict = z.enum(['clean', 'findings', 'inconclusive'])
const count = z.int().min(0)

const foundSchema = z.strictObject({
  id: z.string(),
  rule: z.string(),
  title: z.string(),
  severity,
  confidence: z.string(),
  message: z.string(),
  location: z.strictObject({
    path: z.string().describe('The file, and after each `!/` a member of what comes before.'),
    members: z.array(z.string()),
    offset: z.number().optional(),
    length: z.number().optional(),
    element: z.string().optional(),
    pointer: z.string().optional(),
  }),
  trace: z.array(z.string()).describe('What would be called with what, from the outside in.'),
  cwe: z.array(z.string()),
  atlas: z.array(z.string()),
  owasp: z.array(z.string()),
  references: z.array(z.string()),
  remedy: z.string(),
})

export const reportSchema = z
  .strictObject({
    files: z.array(
      z.strictObject({
        path: z.string(),
        format: z.string(),
        formats: z.array(z.string()),
        verdict: verdict.describe('`inconclusive`: it could not be read whole, which never counts as clean.'),
        maxSeverity: severity.nullable(),
        size: z.number().nullable(),
        sha256: z.string().nullable(),
        findings: z.array(foundSchema),
        accepted: z.array(
          foundSchema.extend({ accepted: z.strictObject({ because: z.string(), reason: z.string() }) }),
        ),
        incomplete: z.array(z.strictObject({ path: z.string(), reason: z.string() })),
      }),
    ),
    summary: z.strictObject({
      scanner: z.strictObject({ name: z.string(), version: z.string() }),
      files: count,
      bytes: z.number(),
      verdicts: z.record(verdict, count),
      severities: z.record(severity, count),
      accepted: count,
      incomplete: count,
      failOn: z.enum([...scanSeverities, 'none']),
      failing: count.describe('Findings at or over `failOn`.'),
      result: z.enum(['clean', 'findings', 'incomplete']),
    }),
  })
  .describe('What was found, file by file; the same as `holdfast scan --format json`.')

export type ScanReportBody = z.output<typeof reportSchema>

/** Why a file is not let in, a sentence each; none when it is. What could not be read whole is not let in. */
export function objections({ summary }: Pick<ScanReport, 'summary'>): readonly string[] {
  const { failing, failOn, incomplete, files, result } = summary
  const reasons = [
    ...(failing > 0 ? [`${failing} ${failing === 1 ? 'finding' : 'findings'} at or over ${failOn}`] : []),
    ...(incomplete > 0 ? [`${incomplete} of ${files} ${files === 1 ? 'file' : 'files'} could not be read whole`] : []),
    ...(files === 0 ? ['there was no file to scan'] : []),
  ]
  return reasons.length === 0 && result !== 'clean' ? ['the scan is not clean'] : reasons
}
