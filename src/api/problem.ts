// How a refusal looks: problem details (RFC 9457), whatever went wrong. Of an error that nobody foresaw, nothing is told.
import { z } from 'zod'
import { LogError } from '#audit'
import { FindingsError } from '#findings'
import { IdentityError } from '#identity'
import { InventoryError } from '#inventory'
import { LimitsError } from '#limits'
import { StoreError } from '#store'
import { ApiError, type ApiErrorCode, apiErrors } from './error.ts'

export const problemMediaType = 'application/problem+json'

const codes = Object.keys(apiErrors) as [ApiErrorCode, ...ApiErrorCode[]]

export const problemSchema = z
  .strictObject({
    type: z.string().describe('`urn:holdfast:problem:` and the code; stable.'),
    title: z.string().describe('The kind of problem, the same for each of a code.'),
    status: z.int().describe('The HTTP status.'),
    code: z.enum(codes).describe('What to branch on.'),
    detail: z.string().describe('What was wrong this time, and what to do. For people: it may change.'),
    request: z.string().describe('Id of this request; the log knows it by it. Also in `x-request-id`.'),
    errors: z
      .array(
        z.strictObject({
          in: z.enum(['body', 'query', 'path', 'header']),
          at: z.string().describe('JSON Pointer into the body, or the name of the parameter; empty for the whole.'),
          detail: z.string(),
        }),
      )
      .optional()
      .describe('What is wrong with which part of the request.'),
  })
  .describe('Problem details (RFC 9457).')

export type Problem = z.output<typeof problemSchema>

export function problemOf(error: ApiError, request: string): Problem {
  const { status, title } = apiErrors[error.code]
  const { code, message: detail, flaws } = error
  const type = `urn:holdfast:problem:${code}`
  return { type, title, status, code, detail, request, ...(flaws.length > 0 && { errors: [...flaws] }) }
}

/** What a client is told of an error of the rooms below. Undefined: nobody foresaw it. */
export function foreseen(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error
  if (error instanceof FindingsError) return ofFindings(error)
  if (error instanceof IdentityError) return ofIdentity(error)
  if (error instanceof InventoryError)
    return error.code === 'invalid' ? new ApiError('invalid_request', error.message) : notFound
  if (error instanceof LogError)
    return error.code === 'not_found' ? notFound : new ApiError('unavailable', 'The log cannot be used.', soon)
  if (error instanceof StoreError)
    return error.code === 'invalid_value'
      ? new ApiError('invalid_request', 'A text in the request cannot be stored: it must be well-formed, without NUL.')
      : new ApiError('unavailable', 'The store cannot be used.', soon)
  if (error instanceof LimitsError) return new ApiError('unavailable', 'The limits cannot be used.', soon)
  return undefined
}

/** Its messages name fields and states, never values. */
function ofFindings({ code, message }: FindingsError): ApiError | undefined {
  switch (code) {
    case 'invalid':
      return new ApiError('invalid_request', message)
    case 'unknown_finding':
    case 'unknown_action':
    case 'unknown_asset':
      return notFound
    case 'not_allowed':
    case 'conflict':
      return new ApiError('conflict', message)
    case 'not_recorded':
      return new ApiError('unavailable', 'It is stored, but the log could not take it; it is sent again.', soon)
  }
}

function ofIdentity({ code, message }: IdentityError): ApiError | undefined {
  if (code === 'not_found') return notFound
  return code === 'invalid_key' ? new ApiError('invalid_request', message) : undefined
}

const soon = { headers: { 'retry-after': '5' } }
const notFound = new ApiError('not_found', 'There is nothing with this id.')
