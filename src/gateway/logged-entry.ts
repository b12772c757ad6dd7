// What is read of an exchange's entries in the log. The log may have been changed by somebody: a field of a wrong type
// counts as missing, and is never taken for what it is not.
import { z } from 'zod'

const optional = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined)
const text = z.string().max(4096)
const list = <T extends z.ZodType>(item: T) => optional(z.array(item).max(1000))

const verdictSchema = z.object({
  detector: text,
  version: text,
  category: text,
  kind: text,
  action: text,
  score: z.number(),
  direction: text,
  path: text,
})

const attemptSchema = z.object({
  upstream: text,
  sent: z.boolean(),
  status: optional(z.number()),
  error: optional(text),
  ms: optional(z.number()),
})

const answerParts = { allow: list(text), deny: list(text), failed: list(text) }
const cedar: z.ZodType<CedarFact> = z.lazy(() =>
  z.union([z.string(), z.boolean(), z.int(), z.array(cedar), z.record(z.string(), cedar)]),
)
type CedarFact = boolean | number | string | readonly CedarFact[] | { readonly [name: string]: CedarFact }

/** A question of policy and its answer, as question.ts has written them. */
const questionSchema = z.union([
  z.object({ action: z.literal('call'), operation: text, ...answerParts }),
  z.object({
    action: z.literal('infer'),
    model: text,
    upstream: text,
    context: z.record(z.string(), cedar),
    ...answerParts,
  }),
  z.object({ action: text, withheld: z.array(text), ...answerParts }),
])

const policySchema = z.object({
  basis: z.string().regex(/^[0-9a-f]{64}$/),
  entry: optional(z.int().min(0)),
  asked: z.array(questionSchema).max(64),
  asked_total: optional(z.int()),
})

const detailsSchema = z.object({
  phase: text,
  exchange: text,
  scan: optional(text),
  upstream: optional(text),
  verdicts: list(verdictSchema),
  verdicts_total: optional(z.number()),
  latencies_ms: optional(z.record(z.string(), z.number())),
  digests: optional(z.record(z.string(), text)),
  stage: optional(text),
  policy: optional(policySchema),
  alternatives: list(text),
  attempts: list(attemptSchema),
  ended: optional(text),
  told: optional(text),
  bytes_in: optional(z.number()),
  bytes_out: optional(z.number()),
  upstream_request: optional(text),
  limits: optional(z.object({ scope: text, limit: z.number(), remaining: z.number() })),
  spent: optional(z.record(z.string(), z.number())),
})

const entrySchema = z.object({
  time: z.number(),
  status_id: optional(z.number()),
  status_code: optional(text),
  action_id: optional(z.number()),
  duration: optional(z.number()),
  metadata: z.object({ tenant_uid: optional(text), correlation_uid: text }),
  actor: optional(z.object({ user: z.object({ uid: text, credential_uid: optional(text) }) })),
  api: optional(z.object({ operation: text })),
  src_endpoint: optional(z.object({ uid: text })),
  http_request: optional(z.object({ http_method: text, url: z.object({ path: text }) })),
  http_response: optional(z.object({ code: z.number() })),
  ai_model: optional(z.object({ name: text, ai_provider: text })),
  message_context: optional(z.object({ prompt_tokens: z.number(), completion_tokens: z.number() })),
  policy: optional(z.object({ uid: text })),
  unmapped: z.object({ holdfast: detailsSchema }),
})

export type ExchangeEntry = z.output<typeof entrySchema>
export type ReadQuestion = z.output<typeof questionSchema>

/** An entry of an exchange; undefined for any other event. */
export function readExchangeEntry(event: unknown): ExchangeEntry | undefined {
  const isExchange = typeof event === 'object' && event !== null && 'class_uid' in event && event.class_uid === 6003
  const read = isExchange ? entrySchema.safeParse(event) : undefined
  return read?.success ? read.data : undefined
}

/** Whether it is a call of the management API: it went through none of the gateway's stages, and its question is not on record. */
export function isManagementCall({ api }: ExchangeEntry): boolean {
  return api?.operation.startsWith('management.') === true
}

const uidSchema = z.strictObject({ type: text, id: z.string() })
const basisSchema = z.object({
  policies: text,
  configuration: text,
  principal: uidSchema,
  entities: z.array(
    z.strictObject({
      uid: uidSchema,
      attrs: z.record(z.string(), cedar).optional(),
      parents: z.array(uidSchema).optional(),
      tags: z.record(z.string(), cedar).optional(),
    }),
  ),
  withheld: z.array(text).optional(),
})

export type ReadBasis = z.output<typeof basisSchema>

/** The basis that an event holds, when it is the one of that digest. */
export function readBasis(event: unknown, digest: string, digestOf: (text: string) => string): ReadBasis | undefined {
  const data = at(event, 'entity', 'data')
  if (data === undefined || digestOf(JSON.stringify(data)) !== digest) return undefined
  const read = basisSchema.safeParse(data)
  return read.success ? read.data : undefined
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key) ? Reflect.get(inner, key) : undefined,
    value,
  )
}
