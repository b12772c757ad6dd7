// What was found before and does not count again. A finding is the same one in the same bytes only: what somebody puts
// into a known file is new, even where something was before.
import { z } from 'zod'
import { ArtifactError } from '../error.ts'
import type { ArtifactFinding } from '../finding.ts'

const baselineSchema = z.strictObject({
  version: z.literal(1),
  findings: z
    .array(
      z.strictObject({
        id: z.string().regex(/^af_[0-9a-f]{24}$/),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        rule: z.string(),
        path: z.string(),
      }),
    )
    .max(1_000_000),
})

export interface Baseline {
  has(id: string, sha256: string | undefined): boolean
}

/** @throws ArtifactError `malformed` */
export function readBaseline(text: string, fileName: string): Baseline {
  const { findings } = parse(text, fileName)
  const known = new Set(findings.map(({ id, sha256 }) => `${id} ${sha256}`))
  return { has: (id, sha256) => known.has(`${id} ${sha256}`) }
}

function parse(text: string, fileName: string): z.output<typeof baselineSchema> {
  try {
    return baselineSchema.parse(JSON.parse(text))
  } catch {
    throw new ArtifactError('malformed', `${fileName} is no baseline: make one with --write-baseline`)
  }
}

/** The text of a baseline with these findings. Those in files whose digest is not known cannot be in it. */
export function writeBaseline(
  files: readonly {
    readonly sha256: string | undefined
    readonly report: { readonly path: string; readonly findings: readonly ArtifactFinding[] }
  }[],
): string {
  const findings = files.flatMap(({ sha256, report: { path, findings } }) =>
    sha256 === undefined ? [] : findings.map(({ id, rule }) => ({ id, sha256, rule: rule.id, path })),
  )
  return `${JSON.stringify({ version: 1, findings }, null, 2)}\n`
}
