// One call to an upstream, from waiting for a connection to the last byte: its time limits, its backpressure, and the
// one place where it ends.
import { type Dispatcher, errors } from 'undici'
import { type CallProgress, UpstreamError, type UpstreamErrorCode } from './error.ts'
import { type ReceivedHeaders, responseHeaders } from './headers.ts'
import type { UpstreamAnswer, UpstreamCall } from './types.ts'

export interface CallLimits {
  /** All in ms. */
  readonly connect: number
  readonly headers: number
  readonly idle: number
  readonly total: number
  readonly maxResponseBytes: number
}

/**
 * A call in progress, as undici's handler on one side and the gateway's handle on the other. Time limits are kept
 * here, not by undici: its own are renewed by every 1xx response, so that a stream of those would never end.
 */
export class Call implements Dispatcher.DispatchHandler, UpstreamCall {
  readonly #answer: UpstreamAnswer
  readonly #limits: CallLimits
  readonly #signal: AbortSignal
  readonly #totalTimer: NodeJS.Timeout
  #phaseTimer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #progress: CallProgress = 'waiting'
  #leave: () => void = noop
  #isOver = false
  #isHeld = false
  #wasResumed = false
  #informational = 0
  #bytes = 0

  constructor(answer: UpstreamAnswer, limits: CallLimits, signal: AbortSignal) {
    this.#answer = answer
    this.#limits = limits
    this.#signal = signal
    this.#totalTimer = setTimeout(
      () => this.#fail('total_timeout', `no complete answer in ${limits.total} ms`),
      limits.total,
    )
    this.#phaseTimer = setTimeout(
      () => this.#fail('connect_timeout', `no connection in ${limits.connect} ms`),
      limits.connect,
    )
    signal.addEventListener('abort', this.abort)
  }

  /** What to do when the call has ended, such as giving its place to the next. */
  set onOver(leave: () => void) {
    if (this.#isOver) leave()
    else this.#leave = leave
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** It may be sent as soon as there is a connection. */
  hasPlace(): void {
    this.#progress = 'connecting'
  }

  resume(): void {
    this.#wasResumed = true
    if (!this.#isHeld || this.#isOver) return
    this.#isHeld = false
    this.#waitForData()
    this.#controller?.resume()
  }

  readonly abort = (): void => this.#fail('aborted', 'the call was given up')

  /** Just before the first byte is written: aborted here, none is. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    const isSecond = this.#controller !== undefined
    this.#controller = controller
    if (isSecond) this.#fail('reset', 'the connection was lost, and the request is not written to another')
    if (this.#isOver) {
      controller.abort(new UpstreamError('aborted', 'the call is over'))
      return
    }
    this.#progress = 'sent'
    const { headers } = this.#limits
    this.#setPhase(headers, () => this.#fail('headers_timeout', `no response headers in ${headers} ms`))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: ReceivedHeaders): void {
    if (this.#isOver) return
    if (status < 200) {
      if (++this.#informational > maxInformational) this.#fail('bad_response', 'too many 1xx responses')
    } else if (status >= 300 && status < 400) {
      this.#fail('redirect', `it answered with a redirect (${status})`)
    } else if (status >= 600) {
      this.#fail('bad_response', 'its status is not an HTTP status')
    } else {
      this.#waitForData()
      this.#deliver(() => this.#answer.onHead({ status, headers: responseHeaders(headers) }))
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return
    const { maxResponseBytes } = this.#limits
    this.#bytes += chunk.length
    if (this.#bytes > maxResponseBytes) {
      this.#fail('too_large', `the answer is larger than ${maxResponseBytes} bytes`)
      return
    }
    this.#phaseTimer.refresh()
    this.#wasResumed = false
    let wantsMore = true
    this.#deliver(() => {
      wantsMore = this.#answer.onData(chunk)
    })
    // It may have called resume() before it returned false.
    if (wantsMore || this.#wasResumed || this.#isOver) return
    this.#isHeld = true
    // The client is slow, not the upstream: only the total limit runs on.
    clearTimeout(this.#phaseTimer)
    controller.pause()
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    this.#end()
    this.#answer.onEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (error instanceof UpstreamError) this.#fail(error.code, error.message)
    else if (this.#progress !== 'sent') this.#fail(...connectFailure(error), error)
    else this.#fail(...transferFailure(error), error)
  }

  #waitForData(): void {
    const { idle } = this.#limits
    this.#setPhase(idle, () => this.#fail('idle_timeout', `no data for ${idle} ms`))
  }

  #setPhase(ms: number, expire: () => void): void {
    clearTimeout(this.#phaseTimer)
    this.#phaseTimer = setTimeout(expire, ms)
  }

  /** What the receiver throws ends the call as well: an answer that cannot be taken must not run on. */
  #deliver(hand: () => void): void {
    try {
      hand()
    } catch (error) {
      if (error instanceof UpstreamError) this.#fail(error.code, error.message)
      else this.#fail('aborted', 'the receiver of the answer failed', error)
    }
  }

  #fail(code: UpstreamErrorCode, message: string, cause?: unknown): void {
    if (this.#isOver) return
    const error = new UpstreamError(code, message, { cause, progress: this.#progress })
    this.#end()
    this.#controller?.abort(error)
    this.#answer.onError(error)
  }

  #end(): void {
    this.#isOver = true
    clearTimeout(this.#totalTimer)
    clearTimeout(this.#phaseTimer)
    this.#signal.removeEventListener('abort', this.abort)
    this.#leave()
  }
}

/** A server may send a few (103 Early Hints); a hundred of them are meant to keep us waiting. */
const maxInformational = 16

function connectFailure(error: Error): [UpstreamErrorCode, string] {
  const code = codeOf(error)
  if (ownLimits.has(code)) return ['no_resources', `this machine has no room for a connection (${code})`]
  return code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT'
    ? ['connect_timeout', 'no connection in time']
    : ['connect_failed', `no connection (${code})`]
}

/** What connect(2) and socket(2) say of this end. */
const ownLimits: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

function transferFailure(error: Error): [UpstreamErrorCode, string] {
  const code = codeOf(error)
  const isMalformed =
    malformed.some((kind) => error instanceof kind) || /^bad (?:response|upgrade)$/.test(error.message)
  return isMalformed
    ? ['bad_response', `the answer is malformed (${code})`]
    : ['reset', `the connection was lost (${code})`]
}

const malformed = [
  errors.HTTPParserError,
  errors.HeadersOverflowError,
  errors.ResponseContentLengthMismatchError,
] as const

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

function noop(): void {}
