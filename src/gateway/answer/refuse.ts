// Tells a client, in the error format that it speaks, that its request was refused.
import { openAiError } from '#wire'
import type { Exchange, Refusal } from '../exchange.ts'

/** Sends the refusal once it is on record. When it cannot be recorded the client still gets no more than an error. */
export async function refuse(exchange: Exchange, refusal: Refusal, recorded: Promise<unknown>): Promise<void> {
  const unrecorded = await recorded.then(
    () => false,
    () => true,
  )
  const told = unrecorded ? notRecorded : refusal
  const { response, outcome } = exchange
  outcome.ended = 'refused'
  outcome.status = told.status
  const body = openAiError({ status: told.status, code: told.code, message: told.message, param: told.param ?? null })
  if (response.destroyed) return
  response.statusCode = told.status
  response.setHeader('content-type', 'application/json')
  response.setHeader('x-request-id', exchange.id)
  response.setHeader('content-length', body.length)
  for (const [name, value] of Object.entries(told.headers ?? {})) response.setHeader(name, value)
  // The request's body was not read to its end: this connection cannot carry another request.
  if (!exchange.request.complete) response.setHeader('connection', 'close')
  outcome.bytesOut = body.length
  await new Promise<void>((resolve) => {
    response.once('close', resolve)
    response.end(body)
  })
}

/** What cannot be proved later must not happen now. */
export const notRecorded: Refusal = {
  status: 503,
  code: 'not_recorded',
  message: 'The audit log cannot be written, so nothing is served. Try again later.',
  rule: 'record: not_recorded',
}
