// How a client of Anthropic's API is told about an error (platform.claude.com/docs, "Errors").
import type { ErrorFields } from '../format.ts'
import { dataEvent } from '../stream.ts'

/**
 * The body of an error answer as Anthropic's client libraries expect it. They choose the exception class by the HTTP
 * status, and show `type`, `message` and `details.error_code`.
 */
export function anthropicError({ status, code, message, param, requestId }: ErrorFields): Buffer {
  const details = { error_code: code, ...(param && { param }) }
  const error = { type: errorType(status), message, details }
  return Buffer.from(JSON.stringify({ type: 'error', error, ...(requestId && { request_id: requestId }) }))
}

/** The event that tells a client that the stream has failed; the client library raises it as an APIError. */
export function anthropicErrorEvent(fields: ErrorFields): Buffer {
  return dataEvent(anthropicError(fields), 'error')
}

function errorType(status: number): string {
  return types.get(status) ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
}

const types: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
])
