// What a site makes of findings: a policy in YAML. It can be stricter or laxer than the scanner, name by name, rule by
// rule, finding by finding; whatever makes it laxer has a reason and an end.
import { posix } from 'node:path'
import { z } from 'zod'
import { parseYaml } from '#config'
import { severities } from '../rule.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected the 64 hexadecimal digits of a SHA-256' })

const dateTime = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/, { error: 'expected a date such as 2027-01-31' })
  .transform((text, context) => {
    // A date counts to its end, in UTC.
    const time = text.length === 10 ? Date.parse(text) + 86_400_000 : Date.parse(text)
    if (!Number.isNaN(time)) return time
    context.addIssue({ code: 'custom', message: 'expected a date such as 2027-01-31' })
    return z.NEVER
  })
  .describe('Until when it counts: a date (to its end, UTC) or a time.')

const paths = z
  .array(z.string().min(1).max(1024))
  .max(1000)
  .optional()
  .describe('Only in files whose path matches one of these patterns, such as models/**. Everywhere when left out.')

const exception = {
  reason: z.string().min(1).max(1000).describe('Why, for whoever reads it later.'),
  expires: dateTime,
}

const ruleEntry = z.strictObject({
  rule: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._/-]*\*?$/, { error: 'expected the id of a rule, or the beginning of one and *' })
    .describe('pickle/foreign-class, or pickle/* for all that begin so.'),
  paths,
  severity: z.enum([...severities, 'ignore']).describe('What its findings weigh from now on.'),
  ...exception,
})

const allowEntry = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z_][\w]*(\.[A-Za-z_]\w*)*(\.\*)?$/, { error: 'expected package.module.Name or package.module.*' })
    .describe('A name that may be imported and called while an artifact is loaded.'),
  sha256: sha256.optional().describe('Only in the file with this SHA-256.'),
  paths,
  ...exception,
})

const suppressEntry = z.strictObject({
  finding: z.string().regex(/^af_[0-9a-f]{24}$/, { error: 'expected the id of a finding, af_…' }),
  sha256: sha256.describe('The file that was looked at: another content is another finding.'),
  ...exception,
})

export const policySchema = z.strictObject({
  version: z.literal(1),
  mode: z
    .enum(['strict', 'framework', 'permissive'])
    .default('framework')
    .describe(
      'strict: only formats that hold numbers, and medium findings weigh high. framework: as the scanner judges. permissive: medium findings weigh low.',
    ),
  rules: z.array(ruleEntry).max(10_000).default([]),
  allow: z.array(allowEntry).max(100_000).default([]).describe('Only in a signed policy.'),
  suppress: z.array(suppressEntry).max(100_000).default([]).describe('Only in a signed policy.'),
})
export type Policy = z.output<typeof policySchema>

/** The policy of who says nothing. */
export const plainPolicy: Policy = { version: 1, mode: 'framework', rules: [], allow: [], suppress: [] }

/** @throws ConfigError with line and column */
export function readPolicy(text: string, fileName: string): Policy {
  return parseYaml(text, policySchema, fileName).value
}

/** Whether it says something that only a signed policy may say. */
export function needsSignature({ allow, suppress }: Policy): boolean {
  return allow.length > 0 || suppress.length > 0
}

/** The names that are trusted in a file. */
export function allowedNames(policy: Policy, path: string, digest: string | undefined, now: number): readonly string[] {
  return policy.allow
    .filter((entry) => now < entry.expires && isFor(entry.paths, path))
    .filter((entry) => entry.sha256 === undefined || entry.sha256 === digest)
    .map(({ name }) => name)
}

/** Entries that no longer count, a line each: what they allowed is a finding again. */
export function expiredEntries({ rules, allow, suppress }: Policy, now: number): readonly string[] {
  return [
    ...rules.map(({ rule, expires }) => ({ what: `the rule ${rule}`, expires })),
    ...allow.map(({ name, expires }) => ({ what: `the name ${name}`, expires })),
    ...suppress.map(({ finding, expires }) => ({ what: `the finding ${finding}`, expires })),
  ]
    .filter(({ expires }) => now >= expires)
    .map(({ what, expires }) => `what it says of ${what} ended on ${new Date(expires).toISOString()}`)
}

export function isFor(patterns: readonly string[] | undefined, path: string): boolean {
  return patterns === undefined || patterns.some((pattern) => posix.matchesGlob(path, pattern))
}
