// API Activity (6003): one exchange with a model or the management API, in two entries. The first says what was
// decided, the second how it ended. Profiles: ai_operation, security_control.
import { type Actor, baseEvent, type EventInput, type OcsfEvent, ocsfUser, type Status, statusId } from './event.ts'

const activities = { create: 1, read: 2, update: 3, delete: 4, other: 99 } as const
const actions = { allowed: 1, denied: 2, modified: 4 } as const
const dispositions = { allowed: 1, denied: 2, modified: 1 } as const

// An entry of the log holds at most 65,535 bytes; what a caller can make grow has its own limit.
const maxVerdicts = 64
const maxTextLength = 512

/** One finding of a detector, without the text that it found. */
export interface LoggedVerdict {
  readonly detector: string
  readonly version: string
  readonly category: string
  readonly kind: string
  readonly action: string
  readonly score: number
  readonly direction: string
  /** JSON Pointer of the part. */
  readonly path: string
}

export interface ApiActivityInput extends EventInput {
  readonly phase: 'decision' | 'outcome'
  /** Id of the exchange; the same in both entries. */
  readonly exchange: string
  readonly activity?: keyof typeof activities | undefined
  /** For example `chat.completions`. */
  readonly operation: string
  /** undefined: nobody was identified. */
  readonly actor?: Actor | undefined
  /** The path only: a query string may hold secrets. */
  readonly request: { readonly method: string; readonly path: string }
  readonly responseStatus?: number | undefined
  /** The client's address as a keyed commitment. */
  readonly sourceCommitment?: string | undefined
  readonly model?: { readonly name: string; readonly provider: string } | undefined
  readonly upstream?: string | undefined
  readonly tokens?: { readonly prompt: number; readonly completion: number } | undefined
  readonly status: Status
  /** Machine-readable reason, for example `rate_limit_exceeded`. */
  readonly statusCode?: string | undefined
  readonly action: keyof typeof actions
  /** The rule, policy or limit that decided. */
  readonly rule?: string | undefined
  /** `not_scanned` never counts as success: its status is `Not scanned`, whatever `status` says. */
  readonly scan: 'scanned' | 'not_scanned' | 'not_applicable'
  readonly verdicts?: readonly LoggedVerdict[] | undefined
  /** Whole milliseconds are not enough to see a stage: fractions are kept. */
  readonly latenciesMs?: Readonly<Record<string, number>> | undefined
  readonly durationMs?: number | undefined
  /** SHA-256 digests by what they are of, for example `request`, `answer`. */
  readonly digests?: Readonly<Record<string, string>> | undefined
}

export interface ApiActivity extends OcsfEvent {
  readonly class_uid: 6003
  readonly api: {
    readonly operation: string
    readonly request: { readonly uid: string }
  }
  readonly src_endpoint: { readonly uid: string }
  readonly http_request: { readonly http_method: string; readonly url: { readonly path: string } }
  readonly http_response?: { readonly code: number } | undefined
  readonly ai_model?: { readonly name: string; readonly ai_provider: string } | undefined
  readonly message_context?:
    | {
        readonly service: { readonly name: string }
        readonly prompt_tokens: number
        readonly completion_tokens: number
        readonly total_tokens: number
      }
    | undefined
  readonly policy?: { readonly uid: string; readonly is_applied: true } | undefined
  readonly action_id: number
  readonly disposition_id: number
  readonly is_alert: boolean
  readonly duration?: number | undefined
}

/** One entry about an exchange. Prompts and answers have no field to go into. */
export function apiActivity(input: ApiActivityInput): ApiActivity {
  const verdicts = input.verdicts ?? []
  const isUnscanned = input.scan === 'not_scanned' && input.status === 'success'
  const details = {
    phase: input.phase,
    exchange: input.exchange,
    scan: input.scan,
    upstream: input.upstream,
    verdicts: verdicts.slice(0, maxVerdicts).map(boundedVerdict),
    verdicts_total: verdicts.length,
    latencies_ms: input.latenciesMs,
    digests: input.digests,
    ...input.details,
  }
  return {
    ...baseEvent(
      6003,
      activities[input.activity ?? 'create'],
      statusId(isUnscanned ? 'other' : input.status),
      { ...input, details },
      { correlation_uid: input.exchange, profiles: ['ai_operation', 'security_control'] },
    ),
    class_uid: 6003,
    status: isUnscanned ? 'Not scanned' : undefined,
    status_code: input.statusCode,
    actor: { user: ocsfUser(input.actor ?? { principal: 'unidentified' }) },
    api: { operation: input.operation, request: { uid: input.exchange } },
    src_endpoint: { uid: input.sourceCommitment ?? 'unknown' },
    http_request: { http_method: input.request.method, url: { path: bounded(input.request.path) } },
    http_response: input.responseStatus === undefined ? undefined : { code: input.responseStatus },
    ai_model:
      input.model === undefined
        ? undefined
        : { name: bounded(input.model.name), ai_provider: bounded(input.model.provider) },
    message_context:
      input.tokens === undefined
        ? undefined
        : {
            service: { name: input.upstream ?? 'unknown' },
            prompt_tokens: input.tokens.prompt,
            completion_tokens: input.tokens.completion,
            total_tokens: input.tokens.prompt + input.tokens.completion,
          },
    policy: input.rule === undefined ? undefined : { uid: input.rule, is_applied: true },
    action_id: actions[input.action],
    disposition_id: dispositions[input.action],
    is_alert: verdicts.some((verdict) => verdict.action === 'block'),
    duration: input.durationMs === undefined ? undefined : Math.round(input.durationMs),
  }
}

/** Only the named fields: a verdict may arrive with offsets or, by mistake, with text. */
function boundedVerdict(verdict: LoggedVerdict): LoggedVerdict {
  const { detector, version, category, kind, action, score, direction, path } = verdict
  return { detector, version, category, kind, action, score, direction, path: bounded(path) }
}

function bounded(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`
}
