// Stage 9: to the upstream and back. The host, the path and the credential come from the configuration;
// the answer walks through the text stages and leaves once the decision is on disk.
import { errorEvent, WireError } from '#wire'
import { screenAnswer, screenError } from '../answer/buffered.ts'
import { listModels } from '../answer/models.ts'
import { createSender } from '../answer/sender.ts'
import { type StreamScreen, screenStream } from '../answer/streamed.ts'
import { AnswerBlocked } from '../answer/text-stage.ts'
import { type Exchange, established, limitHeaders, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import type { UpstreamAnswer, UpstreamCall, UpstreamError, UpstreamHead } from '../upstreams/index.ts'

/** Resolves when the answer has been sent, in full or not. Never rejects for what an upstream or a client does. */
export async function forward(exchange: Exchange, house: House, recorded: Promise<unknown>): Promise<void> {
  // Its `close` has been: nothing would ever end an answer to it.
  if (exchange.hungUp.aborted) {
    exchange.outcome.ended = 'client_hung_up'
    return
  }
  if (exchange.operation === 'models') return listModels(exchange, house, recorded)
  const upstream = established(exchange.upstream, 'an upstream')
  const answer = createAnswer(exchange, house, recorded, () => call?.resume())
  let call: UpstreamCall | undefined
  answer.onStop = () => call?.abort()
  exchange.hungUp.addEventListener('abort', () => answer.hangUp(), { once: true })
  call = upstream.send(
    {
      operation: 'chat/completions',
      method: 'POST',
      body: exchange.outbound,
      signal: exchange.hungUp,
    },
    answer,
  )
  await answer.done
}

interface Answer extends UpstreamAnswer {
  onStop: () => void
  hangUp(): void
  readonly done: Promise<void>
}

/** Receives what the upstream sends and decides what the client gets of it. */
function createAnswer(exchange: Exchange, house: House, recorded: Promise<unknown>, resume: () => void): Answer {
  const { outcome } = exchange
  const sender = createSender(exchange, house, recorded, {
    drained: resume,
    abandoned() {
      hasStopped = true
      answer.onStop()
    },
  })
  let stream: StreamScreen | undefined
  let whole: Buffer[] = []
  let wholeBytes = 0
  let isError = false
  let hasStopped = false

  function stop(refusal: Refusal, ended: typeof outcome.ended): void {
    if (hasStopped) return
    hasStopped = true
    outcome.ended = ended
    outcome.error = refusal.rule
    answer.onStop()
    if (sender.refuse(refusal)) return
    // The answer has begun: only a stream has a way to say that it ends here.
    if (stream === undefined) exchange.response.destroy()
    else {
      const { status, code, message } = refusal
      sender.write(errorEvent({ status, code, message }))
      sender.end()
    }
  }

  function guarded(work: () => void): void {
    if (hasStopped) return
    try {
      work()
    } catch (error) {
      if (error instanceof AnswerBlocked) return stop(error.refusal, 'blocked')
      exchange.scan = 'not_scanned'
      if (error instanceof WireError) stop(badAnswer(error.code), 'upstream_failed')
      else {
        house.report('an answer could not be inspected', error)
        stop(notInspected, 'failed')
      }
    }
  }

  const answer: Answer = {
    onStop: () => {},
    onHead(head) {
      guarded(() => {
        outcome.upstreamRequestId = head.headers['x-request-id']
        const told = statusFor(head)
        if (typeof told !== 'number') return stop(told, 'upstream_failed')
        isError = told >= 400
        const isStream = /^text\/event-stream\b/i.test(head.headers['content-type'] ?? '')
        if (isStream) {
          stream = screenStream(exchange, house)
          sender.head(told, {
            ...answerHeaders(exchange, head),
            'content-type': 'text/event-stream',
            'cache-control': 'no-cache',
          })
        } else sender.head(told, { ...answerHeaders(exchange, head), 'content-type': 'application/json' })
      })
    },
    onData(chunk) {
      let mayGoOn = true
      guarded(() => {
        if (stream !== undefined) {
          const bytes = stream.push(chunk)
          if (bytes.length > 0) mayGoOn = sender.write(bytes)
          return
        }
        wholeBytes += chunk.length
        if (wholeBytes > house.settings.maxAnswerBytes) return stop(badAnswer('answer_too_large'), 'upstream_failed')
        whole.push(chunk)
      })
      return mayGoOn
    },
    onEnd() {
      guarded(() => {
        if (stream !== undefined) {
          const bytes = stream.end()
          if (bytes.length > 0) sender.write(bytes)
          sender.end()
        } else sender.end((isError ? screenError : screenAnswer)(exchange, house, Buffer.concat(whole, wholeBytes)))
        whole = []
        hasStopped = true
        outcome.ended = 'complete'
      })
    },
    onError(error) {
      guarded(() => stop(unreachable(error), 'upstream_failed'))
    },
    hangUp() {
      if (hasStopped && outcome.ended === 'complete') outcome.ended = 'client_hung_up'
      if (hasStopped) return
      hasStopped = true
      outcome.ended = 'client_hung_up'
      answer.onStop()
    },
    done: sender.done,
  }
  return answer
}

/** The status that the client sees, or why it gets our error instead of the upstream's answer. */
function statusFor(head: UpstreamHead): number | Refusal {
  // The upstream's opinion of *our* credential must not look like an opinion of the client's.
  if (head.status === 401 || head.status === 403 || head.status === 407)
    return { ...badAnswer('upstream_credentials'), message: "The upstream refused the gateway's own credential." }
  if (head.status >= 200 && head.status < 300) return head.status
  if (head.status >= 400) return head.status
  return badAnswer('upstream_status')
}

function answerHeaders(exchange: Exchange, head: UpstreamHead): Record<string, string> {
  const headers: Record<string, string> = { ...limitHeaders(exchange) }
  const retryAfter = head.headers['retry-after']
  if (retryAfter !== undefined) headers['retry-after'] = retryAfter
  return headers
}

function badAnswer(code: string): Refusal {
  return {
    status: 502,
    code: code,
    message: 'The upstream answered with something that cannot be inspected, so it was not delivered.',
    rule: `forward: ${code}`,
  }
}

function unreachable(error: UpstreamError): Refusal {
  const isTimeout = error.code.endsWith('_timeout')
  return {
    status: isTimeout ? 504 : 502,
    code: `upstream_${error.code}`,
    message: isTimeout ? 'The upstream took too long.' : 'The upstream could not be used.',
    rule: `forward: ${error.code}`,
  }
}

const notInspected: Refusal = {
  status: 502,
  code: 'not_inspected',
  message: 'The answer could not be inspected, so it was not delivered.',
  rule: 'inspect response: not_inspected',
}
