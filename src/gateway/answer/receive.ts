// Receives what an upstream sends, and decides what the client gets of it.
import { WireError } from '#wire'
import { type Exchange, established, limitHeaders, type Outcome, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import type { UpstreamAnswer, UpstreamCall, UpstreamError, UpstreamHead } from '../upstreams/index.ts'
import { screenAnswer, screenError } from './buffered.ts'
import { createSender } from './sender.ts'
import { type StreamScreen, screenStream } from './streamed.ts'
import { AnswerBlocked } from './text-stage.ts'

export interface ReceivedAnswer extends UpstreamAnswer {
  /** Resolves when the answer has been sent, in full or not. */
  readonly done: Promise<void>
}

/** @param call  the upstream's side: held while the client is slow, given up when nothing of it is wanted any more */
export function receiveAnswer(
  exchange: Exchange,
  house: House,
  recorded: Promise<unknown>,
  call: UpstreamCall,
): ReceivedAnswer {
  const { outcome } = exchange
  const sender = createSender(exchange, house, recorded, { drained: call.resume, abandoned: giveUp })
  let stream: StreamScreen | undefined
  let screenBody = screenAnswer
  let whole: Buffer[] = []
  let wholeBytes = 0
  let isOver = false
  exchange.hungUp.addEventListener('abort', hangUp, { once: true })

  function giveUp(): void {
    isOver = true
    call.abort()
  }

  function hangUp(): void {
    if (isOver && outcome.ended !== 'complete') return
    outcome.ended = 'client_hung_up'
    giveUp()
  }

  function complete(): void {
    isOver = true
    outcome.ended = 'complete'
  }

  function stop(refusal: Refusal, ended: Outcome['ended']): void {
    if (isOver) return
    outcome.ended = ended
    outcome.error = refusal.rule
    outcome.told = refusal.code
    giveUp()
    if (sender.refuse(refusal)) return
    // The answer has begun: only a stream has a way to say that it ends here.
    if (stream === undefined) exchange.response.destroy()
    else {
      const { status, code, message } = refusal
      sender.write(
        established(exchange.format, 'a format').errorEvent({ status, code, message, requestId: exchange.id }),
      )
      sender.end()
    }
  }

  function fail(error: unknown): void {
    if (error instanceof AnswerBlocked) {
      stop(error.refusal, 'blocked')
      return
    }
    exchange.scan = 'not_scanned'
    if (error instanceof WireError) stop(badAnswer(error.code), 'upstream_failed')
    else {
      house.report('an answer could not be inspected', error)
      stop(notInspected, 'failed')
    }
  }

  /** What throws here ends the answer; what comes after the end is nobody's. */
  function guarded(work: () => void): void {
    if (isOver) return
    try {
      work()
    } catch (error) {
      fail(error)
    }
  }

  function pushWhole(chunk: Buffer): void {
    wholeBytes += chunk.length
    if (wholeBytes > house.settings.maxAnswerBytes) stop(badAnswer('answer_too_large'), 'upstream_failed')
    else whole.push(chunk)
  }

  async function endWhole(): Promise<void> {
    const body = Buffer.concat(whole, wholeBytes)
    whole = []
    const screened = await screenBody(exchange, house, body)
    if (isOver) return
    sender.end(screened)
    complete()
  }

  return {
    onHead(head) {
      guarded(() => {
        outcome.upstreamRequestId = head.headers['x-request-id'] ?? head.headers['request-id']
        const refusal = refusalOf(head)
        if (refusal !== undefined) {
          stop(refusal, 'upstream_failed')
          return
        }
        const isStream = /^text\/event-stream\b/i.test(head.headers['content-type'] ?? '')
        if (isStream) stream = screenStream(exchange, house)
        if (head.status >= 400) screenBody = screenError
        sender.head(head.status, answerHeaders(exchange, head, isStream))
      })
    },
    onData(chunk) {
      let mayGoOn = true
      guarded(() => {
        if (stream === undefined) {
          pushWhole(chunk)
          return
        }
        const bytes = stream.push(chunk)
        if (bytes.length > 0) mayGoOn = sender.write(bytes)
      })
      return mayGoOn
    },
    onEnd() {
      guarded(() => {
        if (stream === undefined) {
          endWhole().catch(fail)
          return
        }
        const bytes = stream.end()
        if (bytes.length > 0) sender.write(bytes)
        sender.end()
        complete()
      })
    },
    onError: (error) => stop(unreachable(error), 'upstream_failed'),
    done: sender.done,
  }
}

/** Why the client gets our error instead of the upstream's answer. */
function refusalOf({ status }: UpstreamHead): Refusal | undefined {
  // The upstream's opinion of *our* credential must not look like an opinion of the client's.
  if (status === 401 || status === 403 || status === 407)
    return { ...badAnswer('upstream_credentials'), message: "The upstream refused the gateway's own credential." }
  return (status >= 200 && status < 300) || status >= 400 ? undefined : badAnswer('upstream_status')
}

function answerHeaders(exchange: Exchange, head: UpstreamHead, isStream: boolean): Record<string, string> {
  const retryAfter = head.headers['retry-after']
  return {
    ...limitHeaders(exchange),
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    ...(isStream
      ? { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }
      : { 'content-type': 'application/json' }),
  }
}

function badAnswer(code: string): Refusal {
  return {
    status: 502,
    code,
    message: 'The upstream answered with something that cannot be inspected, so it was not delivered.',
    rule: `forward: ${code}`,
  }
}

function unreachable(error: UpstreamError): Refusal {
  if (error.code === 'circuit_open') return circuitOpen(error)
  if (error.code === 'no_resources') return noResources
  const isTimeout = error.code.endsWith('_timeout')
  return {
    status: isTimeout ? 504 : 502,
    code: `upstream_${error.code}`,
    message: isTimeout ? 'The upstream took too long.' : 'The upstream could not be used.',
    rule: `forward: ${error.code}`,
  }
}

function circuitOpen({ retryAfterMs }: UpstreamError): Refusal {
  return {
    status: 503,
    code: 'upstream_circuit_open',
    message:
      'Every upstream for this model has failed too often of late, so it is left alone for a while. Try again later.',
    rule: 'forward: circuit_open',
    headers: { 'retry-after': `${Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1000))}` },
  }
}

const noResources: Refusal = {
  status: 503,
  code: 'upstream_no_resources',
  message: 'The gateway has too much open to connect to the upstream. Try again later.',
  rule: 'forward: no_resources',
  headers: { 'retry-after': '1' },
}

const notInspected: Refusal = {
  status: 502,
  code: 'not_inspected',
  message: 'The answer could not be inspected, so it was not delivered.',
  rule: 'inspect response: not_inspected',
}
