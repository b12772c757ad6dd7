// The one error of this room: why a request is not answered as asked. Each code has one status and one title.

export type ApiErrorCode =
  | 'malformed_request'
  | 'invalid_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media_type'
  | 'misdirected'
  | 'rate_limited'
  | 'headers_too_large'
  | 'internal'
  | 'unavailable'
  | 'busy'

interface Kind {
  readonly status: number
  readonly title: string
}

export const apiErrors: Readonly<Record<ApiErrorCode, Kind>> = {
  malformed_request: { status: 400, title: 'The request is malformed' },
  invalid_request: { status: 400, title: 'The request does not fit this operation' },
  unauthenticated: { status: 401, title: 'A valid credential is needed' },
  forbidden: { status: 403, title: 'The policy does not allow this' },
  not_found: { status: 404, title: 'There is no such thing' },
  method_not_allowed: { status: 405, title: 'This method is not served here' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  conflict: { status: 409, title: 'The state of things does not allow this' },
  too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'This kind of body is not taken here' },
  misdirected: { status: 421, title: 'This server does not go by that name' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  internal: { status: 500, title: 'Holdfast failed' },
  unavailable: { status: 503, title: 'Something that is needed is not available' },
  busy: { status: 503, title: 'Too much is under way' },
}

/** What is wrong with one part of a request. Never holds what was sent. */
export interface Flaw {
  /** Where: `body`, `query`, `path` or `header`. */
  readonly in: 'body' | 'query' | 'path' | 'header'
  /** JSON Pointer into the body, or the name of the parameter or header; empty for the whole. */
  readonly at: string
  readonly detail: string
}

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly flaws: readonly Flaw[]
  readonly headers: Readonly<Record<string, string>>

  /** @param detail  for the client: what was wrong and what to do, without anything that it sent */
  constructor(
    code: ApiErrorCode,
    detail: string,
    { flaws = [], headers = {} }: { flaws?: readonly Flaw[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.code = code
    this.flaws = flaws
    this.headers = headers
  }
}
