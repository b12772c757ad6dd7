// The one object that travels down the pipeline and back up: what is known of a request so far.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Principal } from '#identity'
import type { Verdict } from '#inspect'
import { budgetHeaders, joinHeaders, type LimitDecision, rateLimitHeaders } from '#limits'
import {
  type ModelOperation,
  type ModelRequest,
  type Part,
  type PartEdit,
  publicPath,
  type Usage,
  type WireFormat,
} from '#wire'
import type { ExchangeBudget } from './meter.ts'
import type { LoggedQuestion } from './question.ts'
import type { UpstreamRoute } from './upstreams/index.ts'

/** What a client can ask for. A request whose path is not known stays `unknown` and is refused. */
export type Operation = ModelOperation | 'models' | 'unknown'

/**
 * Whether the texts of an exchange were read by the detectors. `not_scanned` is where every exchange
 * starts, so a stage that throws leaves it there; it never counts as success.
 */
export type ScanState = 'not_scanned' | 'scanned' | 'not_applicable'

/** The stages that a request walks through, in their order. */
export const stageNames = [
  'guard',
  'accept',
  'identify',
  'authorise',
  'admit',
  'read',
  'select',
  'reserve',
  'inspect request',
  'clear',
  'transform',
] as const

export type StageName = (typeof stageNames)[number]

/** Why an exchange stops: what the client is told, and what the log names as the rule. */
export interface Refusal {
  readonly status: number
  /** Stable, machine-readable: `prompt_injection`, `rate_limit_exceeded`, … */
  readonly code: string
  /** For the client; never repeats the client's text or a secret. */
  readonly message: string
  /** What decided: a policy id, a detector, a limit, or the name of the stage. */
  readonly rule: string
  readonly param?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** A verdict and the place it was found in. */
export interface LocatedVerdict extends Verdict {
  /** For logs and answers: without names that the sender chose, which may be what was found. */
  readonly path: string
  /** The path of the part, as it is. */
  readonly exactPath: string
  readonly direction: 'request' | 'response'
}

export interface Exchange {
  readonly id: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The address that it comes from; once `guard` has looked, that behind a trusted proxy. */
  client: string
  /** Monotonic ms at which the exchange began and at which each request stage ended, in their order. */
  readonly marks: number[]
  /** Aborted when the client hangs up before it has its answer. */
  readonly hungUp: AbortSignal
  /** Set when the rest of the request turns out to be no HTTP, or does not come in time. */
  malformed: Refusal | undefined
  /** Called when `malformed` is set; of the stage that reads the body. */
  onMalformed: (refusal: Refusal) => void

  operation: Operation
  /** That of the operation; undefined for one without a body that names a model. */
  format: WireFormat | undefined
  /** Groups exchanges of one conversation: placeholders are stable and resolvable inside it. */
  session: string | undefined
  principal: Principal | undefined
  /** Whose key it was, when it is expired or revoked: for the log, and never to be trusted. */
  claimant: Principal | undefined
  limits: LimitDecision | undefined
  /** Leases that were taken, to be given back. */
  readonly leases: string[]
  budget: ExchangeBudget | undefined
  body: Uint8Array
  /** SHA-256 of the body, hex, where a stage had to know it. */
  bodyDigest: string | undefined
  /** The body, read by its format. */
  asked: ModelRequest | undefined
  /** The first of the candidates; once it was called, the one that was called last. */
  upstream: UpstreamRoute['upstream'] | undefined
  /** Upstreams that serve the model and that the policy allows for this request, best first. */
  candidates: readonly UpstreamRoute[]
  /** The calls that were made for this request, in their order. */
  readonly attempts: Attempt[]
  /** Placeholders that this exchange's request carries, and so the only ones its answer may resolve. */
  placeholders: Map<string, string>
  /** What goes upstream: the client's own bytes when nothing had to change. */
  outbound: Uint8Array
  /** What makes `outbound` of `body`. */
  edits: readonly PartEdit[]
  verdicts: LocatedVerdict[]
  /** What policy was asked, and its answers, in their order. */
  readonly questions: LoggedQuestion[]
  scan: ScanState
  /** The rule that allowed the exchange. */
  rule: string
  refusal: Refusal | undefined
  /** Nobody was identified, and there were so many of them that it has no log entry of its own. */
  isUnrecorded: boolean
  /** The stage at which the exchange stopped. */
  stoppedAt: StageName | undefined
  usage: Usage | undefined
  outcome: Outcome
}

/** One call, for the log and for what it may have cost. */
export interface Attempt {
  readonly upstream: string
  /** Whether the upstream may have got the request. */
  readonly sent: boolean
  /** Of the answer, when one began. */
  readonly status?: number
  /** Why none did: the code of an UpstreamError. */
  readonly error?: string
  /** SHA-256 of what was sent, hex, when that is not what the decision entry names. */
  readonly forwarded?: string
  /** Until then. */
  readonly ms: number
}

/** How an exchange ended, for the second log entry. */
export interface Outcome {
  status: number
  ended: 'complete' | 'refused' | 'blocked' | 'client_hung_up' | 'upstream_failed' | 'failed'
  /** Monotonic ms; undefined when no byte of an answer was sent. */
  firstByteAt: number | undefined
  bytesOut: number
  /** SHA-256 of the answer's bytes as sent, hex; undefined when none was sent. */
  answerDigest: string | undefined
  /** The upstream's own id of the request. */
  upstreamRequestId: string | undefined
  error: string | undefined
  /** The code of the refusal that the client was sent in place of the answer, or at its end. */
  told: string | undefined
}

export function createExchange(id: string, request: IncomingMessage, response: ServerResponse): Exchange {
  const hangUp = new AbortController()
  // `close` of the response, not of the request: the request closes as soon as its body is read.
  response.once('close', () => {
    if (!response.writableFinished) hangUp.abort()
  })
  return {
    id,
    request,
    response,
    client: request.socket.remoteAddress ?? '',
    marks: [],
    hungUp: hangUp.signal,
    malformed: undefined,
    onMalformed: () => {},
    operation: 'unknown',
    format: undefined,
    bodyDigest: undefined,
    session: undefined,
    principal: undefined,
    claimant: undefined,
    limits: undefined,
    leases: [],
    budget: undefined,
    body: noBytes,
    asked: undefined,
    upstream: undefined,
    candidates: [],
    attempts: [],
    placeholders: new Map(),
    outbound: noBytes,
    edits: [],
    verdicts: [],
    questions: [],
    scan: 'not_scanned',
    rule: '',
    refusal: undefined,
    isUnrecorded: false,
    stoppedAt: undefined,
    usage: undefined,
    outcome: {
      status: 0,
      ended: 'failed',
      firstByteAt: undefined,
      bytesOut: 0,
      answerDigest: undefined,
      upstreamRequestId: undefined,
      error: undefined,
      told: undefined,
    },
  }
}

/** How much the caller may still send, for every answer after it was admitted. */
export function limitHeaders({ limits, budget }: Exchange): Record<string, string> {
  const rates = limits === undefined ? {} : rateLimitHeaders(limits)
  return budget?.decision === undefined ? rates : joinHeaders(rates, budgetHeaders(budget.decision))
}

/** Notes verdicts of one part, with their place. */
export function noteVerdicts(
  exchange: Exchange,
  direction: LocatedVerdict['direction'],
  part: Pick<Part, 'path'>,
  verdicts: readonly Verdict[],
): void {
  for (const verdict of verdicts)
    exchange.verdicts.push({ ...verdict, path: publicPath(part.path), exactPath: part.path, direction })
}

/**
 * A value that an earlier stage must have set.
 *
 * @throws Error when it did not: the pipeline then fails closed
 */
export function established<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the pipeline reached a stage without ${name}`)
  return value
}

const noBytes = new Uint8Array(0)
