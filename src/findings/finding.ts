// What a finding is: something wrong with an asset, the same thing being the same finding however often it is seen.

import { z } from 'zod'
import { sha256Hex } from '#crypto'
import type { AssetId } from '#inventory'
import { cleaned } from './text.ts'

export const severities = ['informational', 'low', 'medium', 'high', 'critical'] as const
export type FindingSeverity = (typeof severities)[number]

/**
 * `open` → `acknowledged` → `resolved`. `excepted` is accepted until a date, after which it counts as open again;
 * `false_positive` is none. What is seen again after it was resolved is open again.
 */
export const findingStates = ['open', 'acknowledged', 'resolved', 'excepted', 'false_positive'] as const
export type FindingState = (typeof findingStates)[number]

declare const brand: unique symbol
export type FindingId = string & { readonly [brand]: 'FindingId' }

/** A technique of MITRE ATLAS or ATT&CK, or an entry of the OWASP Top 10 for LLM applications. */
export type Technique =
  | { readonly framework: 'atlas'; readonly id: string }
  | { readonly framework: 'attack'; readonly id: string }
  | { readonly framework: 'owasp-llm'; readonly id: string }

/** What supports a finding. It points at things; it does not quote prompts, answers or secrets. */
export interface Evidence {
  /** What sort of thing, as `exchange`, `file`, `configuration`. */
  readonly kind: string
  readonly summary: string
  /** The entry of the log that shows it. */
  readonly logIndex?: number | undefined
  /** Digest of what was looked at, as `sha256:...`. */
  readonly digest?: string | undefined
}

export interface Finding {
  readonly id: FindingId
  readonly rule: string
  readonly asset: AssetId
  readonly discriminator: string
  readonly severity: FindingSeverity
  readonly title: string
  readonly description: string | undefined
  readonly techniques: readonly Technique[]
  /** Controls that it breaks, as `framework/control`. */
  readonly controls: readonly string[]
  /** The first and the latest, at most 20. */
  readonly evidence: readonly Evidence[]
  readonly state: FindingState
  /** When the exception ends, ms since the epoch; only when `excepted`. */
  readonly until: number | undefined
  /** How often it was reported. */
  readonly count: number
  readonly firstSeen: number
  readonly lastSeen: number
  /** Where in the log its latest change is; undefined while the log does not have it. */
  readonly logIndex: number | undefined
}

/** The same rule, asset and discriminator are the same finding. */
export function findingId(rule: string, asset: string, discriminator: string): FindingId {
  return `fnd_${sha256Hex(JSON.stringify([rule, asset, discriminator])).slice(0, 32)}` as FindingId
}

/** Numbers in order of weight, for the store to sort by. */
export function severityRank(severity: FindingSeverity): number {
  return severities.indexOf(severity) + 1
}

const techniqueSchema = z.discriminatedUnion('framework', [
  z.strictObject({ framework: z.literal('atlas'), id: z.string().regex(/^AML\.T\d{4}(\.\d{3})?$/) }),
  z.strictObject({ framework: z.literal('attack'), id: z.string().regex(/^T\d{4}(\.\d{3})?$/) }),
  z.strictObject({ framework: z.literal('owasp-llm'), id: z.string().regex(/^LLM\d{2}(:\d{4})?$/) }),
])

const evidenceSchema = z.strictObject({
  kind: z.string().regex(/^[a-z][a-z0-9_]{0,31}$/),
  summary: cleaned(500),
  logIndex: z.int().min(0).optional(),
  digest: z
    .string()
    .regex(/^[a-z0-9-]{1,16}:[0-9a-f]{1,128}$/)
    .optional(),
})

/** What a detector reports. */
export const reportSchema = z.strictObject({
  /** Who found it: room and rule, as `posture/public-endpoint`. */
  rule: z.string().regex(/^[a-z0-9][a-z0-9._/-]{0,127}$/),
  asset: z.string().regex(/^ast_[0-9a-f]{32}$/),
  /** Tells apart what one rule can find several of in one asset: a path, a port, a line. Never cut, so bounded. */
  discriminator: z
    .string()
    .max(1024)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), { error: 'must be text without NUL' })
    .default(''),
  severity: z.enum(severities),
  title: cleaned(200),
  description: cleaned(2000).optional(),
  techniques: z.array(techniqueSchema).max(16).default([]),
  controls: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/() -]{0,127}$/))
    .max(64)
    .default([]),
  evidence: z.array(evidenceSchema).max(20),
})
export type FindingReport = z.input<typeof reportSchema>
export type CheckedReport = z.output<typeof reportSchema>
