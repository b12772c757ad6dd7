// What is told of one exchange, for people and for programs: `holdfast explain --format json`, and the same over an API.
// Times are ms since the epoch or ms; a field that is missing is not on record.
import { z } from 'zod'

const words = z.string().describe('In plain words.')

const proofSchema = z
  .discriminatedUnion('state', [
    z.strictObject({ state: z.literal('proven'), size: z.int(), origin: z.string() }),
    z.strictObject({ state: z.literal('not_yet') }),
    z.strictObject({ state: z.literal('failed'), message: z.string() }),
    z.strictObject({ state: z.literal('missing') }),
  ])
  .describe('Whether the entry is under the signed checkpoint of the log, of `size` entries.')

const policySchema = z.strictObject({
  id: z.string(),
  place: z.strictObject({ file: z.string(), line: z.int() }).optional(),
  text: z.string().optional().describe('Only when the policies of today are those that decided.'),
})

export const explanationSchema = z.strictObject({
  exchange: z.string(),
  summary: words,
  result: z.enum(['answered', 'refused', 'blocked', 'upstream_failed', 'failed', 'client_hung_up', 'unknown']),
  when: z.strictObject({
    decided: z.number().optional(),
    ended: z.number().optional(),
    durationMs: z.number().optional(),
  }),
  who: z.strictObject({
    principal: z.string(),
    tenant: z.string().optional(),
    credential: z.string().optional().describe('Id of the key or the token.'),
    address: z.string().optional().describe('A keyed commitment to it.'),
  }),
  what: z.strictObject({
    operation: z.string(),
    method: z.string().optional(),
    path: z.string().optional(),
    model: z.string().optional(),
    stream: z.boolean().optional(),
    tools: z.boolean().optional(),
    scan: z.string().optional(),
    digests: z.record(z.string(), z.string()),
  }),
  stages: z.array(
    z.strictObject({
      name: z.string(),
      result: z.enum(['passed', 'stopped', 'not_reached']),
      ms: z.number().optional(),
      words,
    }),
  ),
  verdicts: z.array(
    z.strictObject({
      detector: z.string(),
      version: z.string(),
      category: z.string(),
      kind: z.string(),
      action: z.string(),
      score: z.number(),
      direction: z.string(),
      path: z.string(),
      words,
    }),
  ),
  verdictsTotal: z.int().describe('How many there were; the log holds the first 64 of each entry.'),
  policy: z.strictObject({
    rule: z.string().optional().describe('What decided: a policy, a limit, a detector or a stage.'),
    policies: z.enum(['same', 'changed', 'unknown']).describe('Whether the policies of today are those that decided.'),
    digest: z.string().optional(),
    configuration: z.string().optional(),
    withheld: z.array(z.string()).describe('What of the caller is not on record.'),
    questions: z.array(
      z.strictObject({
        words,
        decision: z.enum(['allow', 'deny', 'unknown']),
        by: z.array(policySchema),
        failed: z.array(policySchema).describe('Could not be evaluated.'),
      }),
    ),
    questionsTotal: z.int(),
  }),
  limits: z.strictObject({
    rate: z.strictObject({ scope: z.string(), limit: z.number(), remaining: z.number() }).optional(),
    spent: z.record(z.string(), z.number()).optional(),
  }),
  upstream: z.strictObject({
    name: z.string().optional(),
    alternatives: z.array(z.string()),
    requestId: z.string().optional(),
    firstByteMs: z.number().optional(),
    attempts: z.array(
      z.strictObject({
        upstream: z.string(),
        sent: z.boolean(),
        status: z.number().optional(),
        error: z.string().optional(),
        ms: z.number().optional(),
        words,
      }),
    ),
  }),
  ending: z.strictObject({
    words,
    ended: z.string().optional(),
    bytesIn: z.number().optional(),
    bytesOut: z.number().optional(),
    tokens: z.strictObject({ prompt: z.number(), completion: z.number() }).optional(),
  }),
  told: z.strictObject({
    status: z.number().optional(),
    code: z.string().optional(),
    meaning: z.string().optional(),
    advice: z.string().optional(),
  }),
  entries: z.array(
    z.strictObject({ phase: z.enum(['decision', 'outcome']), index: z.int().optional(), proof: proofSchema }),
  ),
  remarks: z.array(words).describe('What is odd about the record.'),
})

export type Explanation = z.output<typeof explanationSchema>
export type EntryProofState = z.output<typeof proofSchema>
