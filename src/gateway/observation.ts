// What is known of an exchange when it is over, as plain facts for metrics and access lines: nothing of its texts, and no
// name that only the client chose, except the model's.
import type { Spending } from '#limits'
import type { Attempt, Exchange, LocatedVerdict, Operation, StageName } from './exchange.ts'

export interface Observation {
  readonly id: string
  readonly operation: Operation
  /** Sent to the client; 0 when nothing was. */
  readonly status: number
  /** `ok`, the code of the refusal that the client was sent, or how it ended. */
  readonly code: string
  /** The stage at which it stopped. */
  readonly stage: StageName | undefined
  /** What decided; holds configured names. */
  readonly rule: string
  readonly upstream: string | undefined
  /** As the client wrote it. */
  readonly model: string | undefined
  /** Monotonic ms: its beginning, and the end of each request stage, in the order of `stageNames`. */
  readonly marks: readonly number[]
  /** ms since its beginning. */
  readonly durationMs: number
  readonly firstByteMs: number | undefined
  readonly bytesIn: number
  readonly bytesOut: number
  readonly verdicts: readonly LocatedVerdict[]
  readonly attempts: readonly Attempt[]
  /** What it is charged, or what the upstream has reported. */
  readonly spent: Spending | undefined
}

/** @param now  monotonic ms */
export function observationOf(exchange: Exchange, now: number): Observation {
  const { outcome, refusal, marks } = exchange
  const begin = marks[0] ?? now
  const { firstByteAt } = outcome
  return {
    id: exchange.id,
    operation: exchange.operation,
    status: outcome.status,
    code: outcome.told ?? refusal?.code ?? (outcome.ended === 'complete' ? 'ok' : outcome.ended),
    stage: exchange.stoppedAt,
    rule: refusal?.rule ?? '',
    upstream: exchange.upstream?.name,
    model: exchange.asked?.model,
    marks,
    durationMs: now - begin,
    firstByteMs: firstByteAt === undefined ? undefined : firstByteAt - begin,
    bytesIn: exchange.body.length,
    bytesOut: outcome.bytesOut,
    verdicts: exchange.verdicts,
    attempts: exchange.attempts,
    spent: spentBy(exchange),
  }
}

/** Bytes that never became a request. */
export function rejectedObservation(id: string, { status, code }: { status: number; code: string }): Observation {
  return {
    id,
    operation: 'unknown',
    status,
    code,
    stage: 'accept',
    rule: `accept: ${code}`,
    upstream: undefined,
    model: undefined,
    marks: [],
    durationMs: 0,
    firstByteMs: undefined,
    bytesIn: 0,
    bytesOut: 0,
    verdicts: [],
    attempts: [],
    spent: undefined,
  }
}

/** Counting tokens costs none, though it reports some. */
function spentBy({ operation, usage, budget }: Exchange): Spending | undefined {
  if (operation === 'count_tokens') return undefined
  if (usage === undefined) return budget?.spent
  return { requests: 1, input: usage.promptTokens, cached: usage.cachedTokens, output: usage.completionTokens }
}
