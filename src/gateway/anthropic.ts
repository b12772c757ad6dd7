// What clients of Anthropic's API say in headers, and what they look for there.
import { type ErrorFields, formats, openAiError, type WireFormat } from '#wire'
import type { Exchange } from './exchange.ts'

/** Whether the client speaks Anthropic's API: by what it asks for, else by the header that this API requires. */
export function speaksAnthropic({ operation, format, request }: Exchange): boolean {
  if (format !== undefined) return operation === 'messages' || operation === 'count_tokens'
  return request.headers['anthropic-version'] !== undefined
}

/** The beta features that the request asks for; not more than anybody would. */
export function askedBetas({ request }: Exchange): string[] {
  const header = request.headers['anthropic-beta']
  if (header === undefined) return []
  const text = Array.isArray(header) ? header.join(',') : header
  return text.length > 4096 ? [] : text.split(',', 64).map((name) => name.trim())
}

/** An error as the client knows it. What has no format of its own is told in the one that most clients speak. */
export function errorBodyFor(exchange: Exchange, fields: ErrorFields): Buffer {
  return formatOf(exchange)?.errorBody({ ...fields, requestId: exchange.id }) ?? openAiError(fields)
}

function formatOf(exchange: Exchange): WireFormat | undefined {
  return exchange.format ?? (speaksAnthropic(exchange) ? formats.get('messages') : undefined)
}

/** The headers by which a client names this exchange when it asks for help. */
export function idHeaders(exchange: Exchange): Record<string, string> {
  return { 'x-request-id': exchange.id, ...(speaksAnthropic(exchange) && { 'request-id': exchange.id }) }
}
