// One operation of the API, as data: from it come the check of its input, its place in the OpenAPI document, the
// question to policy, its entry in the log, and the call.
import { Readable } from 'node:stream'
import { z } from 'zod'
import type { Principal } from '#identity'
import { ApiError, type Flaw } from './error.ts'
import type { ApiAction, Resource } from './permissions.ts'
import type { ApiRooms } from './rooms.ts'

export interface Caller {
  readonly principal: Principal
  /** Id of the request, `api_…`. */
  readonly request: string
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  /** JSON, or the text of another media type. */
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** What an operation answers with one status. */
export interface AnswerDescription {
  readonly description: string
  /** A schema of `schemas`, or a media type whose content is text. */
  readonly content: z.ZodType | { readonly mediaType: string; readonly example: string }
  readonly example?: unknown
}

interface Description {
  readonly operationId: string
  readonly method: 'GET' | 'POST'
  /** Below `/api/v1`, with `{id}` for parameters. */
  readonly path: string
  readonly resource: Resource
  readonly action: ApiAction
  readonly summary: string
  readonly description: string
  readonly answers: Readonly<Record<number, AnswerDescription>>
  /** Refusals that only this operation has. */
  readonly problems?: readonly number[]
  readonly bodyExample?: unknown
  /** Takes `application/octet-stream` too, as a stream. */
  readonly takesBytes?: boolean
}

type Shape = z.ZodObject
type Input<S> = S extends z.ZodType ? z.output<S> : undefined

export interface Call<P, Q, H, B> {
  readonly params: Input<P>
  readonly query: Input<Q>
  readonly headers: Input<H>
  readonly body: Input<B>
  /** The body of one that takes bytes and was sent some. */
  readonly bytes: Readable | undefined
  readonly caller: Caller
  readonly rooms: ApiRooms
}

/** An operation whose input is checked by schemas, as everybody else sees it. */
export interface Route extends Description {
  readonly params: Shape | undefined
  readonly query: Shape | undefined
  readonly headers: Shape | undefined
  readonly body: z.ZodType | undefined
  /** @throws ApiError `invalid_request`, and whatever the rooms throw */
  run(raw: RawCall): Promise<Answer>
}

export interface RawCall {
  readonly params: unknown
  readonly query: unknown
  readonly headers: Readonly<Record<string, unknown>>
  /** Parsed JSON, a stream of bytes, or undefined. */
  readonly body: unknown
  readonly caller: Caller
  readonly rooms: ApiRooms
}

export function route<
  P extends Shape | undefined = undefined,
  Q extends Shape | undefined = undefined,
  H extends Shape | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(
  definition: Description & {
    readonly params?: P
    readonly query?: Q
    readonly headers?: H
    readonly body?: B
    run(call: Call<P, Q, H, B>): Promise<Answer> | Answer
  },
): Route {
  const { params, query, headers, body, run } = definition
  return {
    ...definition,
    params,
    query,
    headers,
    body,
    async run(raw) {
      const bytes = raw.body instanceof Readable ? raw.body : undefined
      const known = headers && pick(raw.headers, Object.keys(headers.shape))
      return run({
        params: check(params, raw.params, 'path') as Input<P>,
        query: check(query ?? nothing, raw.query, 'query') as Input<Q>,
        headers: check(headers, known, 'header') as Input<H>,
        body: (bytes === undefined ? check(body, raw.body, 'body') : undefined) as Input<B>,
        bytes,
        caller: raw.caller,
        rooms: raw.rooms,
      })
    },
  }
}

const nothing = z.strictObject({})

function pick(headers: Readonly<Record<string, unknown>>, names: readonly string[]): object {
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])))
}

function check(schema: z.ZodType | undefined, value: unknown, place: Flaw['in']): unknown {
  if (schema === undefined) return undefined
  const { success, data, error } = schema.safeParse(value)
  if (success) return data
  const flaws = error.issues.slice(0, 20).flatMap((issue) => flawsOf(issue, place))
  throw new ApiError('invalid_request', 'See what is wrong with which part of it in `errors`.', { flaws })
}

/** Our own words and our own names of fields: nothing that the client wrote. */
function flawsOf(issue: z.core.$ZodIssue, place: Flaw['in']): Flaw[] {
  const at = place === 'body' ? issue.path.map((step) => `/${String(step)}`).join('') : String(issue.path[0] ?? '')
  const detail = issue.code === 'unrecognized_keys' ? 'has a member that is not known here' : issue.message
  return [{ in: place, at, detail }]
}
