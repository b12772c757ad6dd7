// The one error of an upstream: a closed list of codes, so that each can become one status and one log entry.

export type UpstreamErrorCode =
  /** Not called: it has failed too often of late. */
  | 'circuit_open'
  /** No connection: refused, unreachable, name not found, TLS not agreed or the certificate not trusted. */
  | 'connect_failed'
  /** No connection, since this machine has no descriptor or memory left for one. */
  | 'no_resources'
  /** No connection in time, waiting for a free one included. */
  | 'connect_timeout'
  /** The name resolves to an address that may not be reached from here. */
  | 'address_not_allowed'
  /** No final response headers in time. */
  | 'headers_timeout'
  /** Too long between two pieces of the answer. */
  | 'idle_timeout'
  /** The whole call took too long. */
  | 'total_timeout'
  /** The connection was lost. */
  | 'reset'
  /** Not HTTP, not of the length it said, or in an encoding that was not asked for. */
  | 'bad_response'
  /** A redirect, which is never followed: it would name another host. */
  | 'redirect'
  /** The answer is larger than allowed. */
  | 'too_large'
  /** Given up on our side. */
  | 'aborted'

/** It waited for a free place, or for a connection, or the request may have been sent: from then on nothing is certain. */
export type CallProgress = 'waiting' | 'connecting' | 'sent'

interface UpstreamErrorFacts {
  readonly cause?: unknown
  /** Default: sent, the careful assumption. */
  readonly progress?: CallProgress
  readonly retryAfterMs?: number
}

/** Messages name the upstream and what went wrong; never an address that was resolved, a credential or content. */
export class UpstreamError extends Error {
  readonly code: UpstreamErrorCode
  /** How far the call had come when it failed. */
  readonly progress: CallProgress

  /** When it may be tried again, ms from now, if that is known. */
  readonly retryAfterMs: number | undefined

  constructor(code: UpstreamErrorCode, message: string, { cause, progress, retryAfterMs }: UpstreamErrorFacts = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'UpstreamError'
    this.code = code
    this.progress = progress ?? 'sent'
    this.retryAfterMs = retryAfterMs
  }

  /** False only when no byte of the request can have left: then the upstream cannot have carried it out. */
  get wasSent(): boolean {
    return this.progress === 'sent'
  }
}
