// Tells a client, in the error format that it speaks, that its request was refused.
import { errorBodyFor, idHeaders } from '../anthropic.ts'
import { type Exchange, limitHeaders, type Refusal } from '../exchange.ts'

/** Sends the refusal once it is on record. When it cannot be recorded, the client is told that instead. */
export async function refuse(exchange: Exchange, refusal: Refusal, recorded: Promise<unknown>): Promise<void> {
  const { response } = exchange
  const told = await recorded.then(
    () => refusal,
    () => notRecorded,
  )
  exchange.outcome.ended = 'refused'
  if (response.destroyed) return
  const closed = new Promise<void>((resolve) => response.once('close', resolve))
  sendRefusal(exchange, told)
  await closed
}

/** Sends a refusal as the whole answer. No byte of another answer may have left. */
export function sendRefusal(exchange: Exchange, refusal: Refusal): void {
  const { request, response, outcome } = exchange
  const { status, code, message, param, headers } = refusal
  const body = errorBodyFor(exchange, { status, code, message, param: param ?? null })
  outcome.status = status
  outcome.bytesOut = body.length
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.statusCode = status
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', body.length)
  const more = { ...idHeaders(exchange), ...limitHeaders(exchange), ...headers }
  for (const [name, value] of Object.entries(more)) response.setHeader(name, value)
  // The request's body was not read to its end: this connection cannot carry another request.
  if (!request.complete) response.setHeader('connection', 'close')
  response.end(body)
}

/** What cannot be proved later must not happen now. */
export const notRecorded: Refusal = {
  status: 503,
  code: 'not_recorded',
  message: 'The audit log cannot be written, so nothing is served. Try again later.',
  rule: 'record: not_recorded',
}
