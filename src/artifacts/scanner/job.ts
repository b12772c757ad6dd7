// A job for a child and the report that comes back, which is checked before anything of it is believed.
import { z } from 'zod'
import type { ScanLimits } from '../budget.ts'
import { severities } from '../rule.ts'
import type { FileReport } from '../scan.ts'

export interface JobSettings {
  readonly path: string
  readonly size: number
  readonly limits: ScanLimits
  readonly allowed: readonly string[]
}

const text = (limit: number) => z.string().transform((value) => value.slice(0, limit).toWellFormed())
const id = z.string().regex(/^[a-z0-9][a-z0-9._/-]{0,127}$/)
const tags = z.array(text(200)).max(64)
const place = z.number().nonnegative()

const ruleSchema = z.strictObject({
  id,
  title: text(500),
  severity: z.enum(severities),
  cwe: tags,
  atlas: tags.optional(),
  owasp: tags.optional(),
  references: tags.optional(),
  remedy: text(2000),
})

const findingSchema = z.strictObject({
  id: z.string().regex(/^af_[0-9a-f]{24}$/),
  rule: ruleSchema,
  severity: z.enum(severities),
  confidence: z.enum(['low', 'medium', 'high']),
  message: text(4000),
  location: z.strictObject({
    path: text(16_384),
    offset: place.optional(),
    length: place.optional(),
    element: text(500).optional(),
    pointer: text(4000).optional(),
  }),
  trace: z.array(text(4000)).max(1000),
  subject: text(4000).optional(),
})

const reportSchema = z
  .strictObject({
    path: z.string(),
    formats: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9.+-]{0,63}$/))
      .min(1)
      .max(64),
    verdict: z.enum(['clean', 'findings', 'inconclusive']),
    maxSeverity: z.enum(severities).optional(),
    findings: z.array(findingSchema).max(100_000),
    incomplete: z.array(z.strictObject({ path: text(16_384), reason: text(4000) })).max(200_000),
    droppedFindings: z.int().min(0),
  })
  .refine(({ path, findings, incomplete }) =>
    [...findings.map(({ location }) => location), ...incomplete].every((each) => each.path.startsWith(path)),
  )

/** A report as a child sent it; undefined when it is none, or is about another file than `path`. */
export function readReport(payload: Buffer, path: string): FileReport | undefined {
  let value: unknown
  try {
    value = JSON.parse(payload.toString('utf8'))
  } catch {
    return undefined
  }
  const checked = reportSchema.safeParse(value)
  if (!checked.success || checked.data.path !== path) return undefined
  const { maxSeverity, findings, ...rest } = checked.data
  return {
    ...rest,
    maxSeverity,
    findings: findings.map(({ subject, ...finding }) => ({ ...finding, subject })),
  } as FileReport
}
