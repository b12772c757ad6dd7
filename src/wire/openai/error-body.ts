// How a client of OpenAI's formats is told about an error.
// Error object: https://platform.openai.com/docs/api-reference/streaming (error event), /docs/guides/error-codes.
import type { ErrorFields } from '../format.ts'
import { dataEvent } from '../stream.ts'

/**
 * The body of an error answer as OpenAI's client libraries expect it.
 * They choose the exception class by the HTTP status, and show `message`, `param`, `code` and `type`.
 */
export function openAiError(fields: ErrorFields): Buffer {
  const error = {
    message: fields.message,
    type: errorType(fields),
    param: fields.param ?? null,
    code: fields.code,
  }
  return Buffer.from(JSON.stringify({ error }))
}

/** The event that tells an OpenAI client that the stream has failed; the client library raises it as an APIError. */
export function errorEvent(fields: ErrorFields): Buffer {
  return dataEvent(openAiError(fields))
}

function errorType({ status, code }: ErrorFields): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  // OpenAI tells the two apart: one is worth trying again soon.
  if (code === 'budget_exceeded') return 'insufficient_quota'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
