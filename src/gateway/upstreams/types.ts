// What the gateway sees of an upstream: a call goes out, an answer comes back in pieces, and nothing else.
import type { WireFormat } from '#wire'
import type { UpstreamError } from './error.ts'

/** The only paths below an upstream's base URL. No part of a client's path ever reaches an upstream. */
type UpstreamOperation = WireFormat['upstreamPath'] | 'models'

/**
 * One call. There is no field for headers on purpose: none of the client's is sent on (see headers.ts), and the
 * host, the base path and the credential come from the configuration.
 */
export interface UpstreamRequest {
  readonly operation: UpstreamOperation
  readonly method: 'GET' | 'POST'
  /** JSON; sent as it is and not copied, so it must not be changed until the call ends. */
  readonly body?: Uint8Array
  /** Aborting it gives up the call. */
  readonly signal: AbortSignal
  /** Beta features that the request asks for; those that the configuration allows are named to the upstream. */
  readonly betas?: readonly string[]
  /** ms for the whole call, when less is left than `timeouts.total`. */
  readonly totalMs?: number
}

export interface UpstreamHead {
  /** 200 to 299 or 400 to 599. */
  readonly status: number
  /** Those few response headers that may be seen, lower-case. */
  readonly headers: Readonly<Partial<Record<UpstreamHeader, string>>>
}

export type UpstreamHeader = 'content-type' | 'retry-after' | 'x-request-id' | 'request-id' | 'openai-processing-ms'

/**
 * Receives an answer: `onHead` once, `onData` any number of times, then exactly one of `onEnd` and `onError`; or
 * `onError` at any earlier point. Nothing is called before `send` has returned, and nothing after the end.
 */
export interface UpstreamAnswer {
  onHead(head: UpstreamHead): void
  /** Returns false to hold the upstream until `resume`; a few pieces already received may still come. */
  onData(chunk: Buffer): boolean
  onEnd(): void
  onError(error: UpstreamError): void
}

export interface UpstreamCall {
  /** Takes the next pieces after `onData` returned false; otherwise does nothing. */
  resume(): void
  /** Gives up: `onError` with `aborted`, before this returns, unless the call has ended; the connection is closed. */
  abort(): void
}

export interface Upstream {
  readonly name: string
  send(request: UpstreamRequest, answer: UpstreamAnswer): UpstreamCall
  /** Lets the running calls end, then closes every connection. */
  close(): Promise<void>
  /** Closes every connection at once; running calls end in `onError`. */
  destroy(): Promise<void>
}
