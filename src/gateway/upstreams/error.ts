// The one error of an upstream: a closed list of codes, so that each can become one status and one log entry.

export type UpstreamErrorCode =
  /** No connection: refused, unreachable, name not found, TLS not agreed or the certificate not trusted. */
  | 'connect_failed'
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

/** Messages name the upstream and what went wrong; never an address that was resolved, a credential or content. */
export class UpstreamError extends Error {
  readonly code: UpstreamErrorCode

  constructor(code: UpstreamErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'UpstreamError'
    this.code = code
  }
}
