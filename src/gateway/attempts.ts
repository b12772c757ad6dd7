// The calls that are made for one request: to its candidates in their order, and on to the next one only while no byte
// of an answer can have reached the client, and only where the request cannot be carried out twice by it.
import { sha256Hex } from '#crypto'
import { replaceParts } from '#wire'
import { askedBetas } from './anthropic.ts'
import { type Attempt, type Exchange, established } from './exchange.ts'
import type { House } from './house.ts'
import {
  type Failure,
  isFailureStatus,
  isRepeatable,
  type Passage,
  readRetryAfter,
  resultOf,
  type UpstreamAnswer,
  type UpstreamCall,
  UpstreamError,
  type UpstreamHead,
  type UpstreamRoute,
  waitBefore,
} from './upstreams/index.ts'

/** What is sent to that upstream: the request, with the upstream's own name of the model. */
export function bodyFor({ asked, body, edits, outbound }: Exchange, route: UpstreamRoute): Uint8Array {
  const { model, modelPart } = established(asked, 'a parsed request')
  const name = route.nameOf(model)
  return name === model ? outbound : replaceParts(body, [...edits, { part: modelPart, text: name }])
}

/**
 * Makes the calls. `answer` gets what the last one brings, and an error with the code `circuit_open` when none may be made.
 *
 * @returns a handle on whichever call runs
 */
export function callCandidates(exchange: Exchange, house: House, answer: UpstreamAnswer): UpstreamCall {
  const { candidates, operation, hungUp } = exchange
  const { upstreamPath } = established(exchange.format, 'a format')
  const { model } = established(exchange.asked, 'a parsed request')
  const { keyId } = established(exchange.principal, 'a principal')
  const { retry } = house.settings
  const beganAt = house.monotonic()
  /** How often each candidate was called. */
  const calls = candidates.map(() => 0)
  /** Answers that are read to their end for nobody, so that their connections can be used again. */
  const dropped = new Set<UpstreamCall>()
  let current: UpstreamCall | undefined
  let waiting: { readonly timer: NodeJS.Timeout; readonly passage: Passage } | undefined
  let isOver = false

  /** One deadline for all attempts: that of the first. */
  function msLeft(): number {
    return (candidates[0]?.totalMs ?? 0) - (house.monotonic() - beganAt)
  }

  /** The best candidate that was not called yet and may be now. */
  function untried(): Next | undefined {
    for (const [place, route] of candidates.entries()) {
      if (calls[place] !== 0) continue
      const passage = route.health.enter(keyId)
      if (passage !== undefined) return { place, route, passage, waitMs: 0 }
    }
    return undefined
  }

  /** The upstream that has just failed, once more and after a while: every other has failed as well. */
  function again(place: number, route: UpstreamRoute, retryAfterMs: number | undefined): Next | undefined {
    const waitMs = waitBefore(calls[place] ?? 1, retryAfterMs, retry, randomShare(house))
    if (waitMs === undefined || waitMs >= msLeft()) return undefined
    const passage = route.health.enter(keyId)
    return passage && { place, route, passage, waitMs }
  }

  /** Where to go after that failure; undefined: it is what the client gets. */
  function after(failure: Failure, { place, route }: Next, retryAfterMs?: number): Next | undefined {
    if (isOver || !isRepeatable(failure, operation, retry)) return undefined
    if (exchange.attempts.length >= retry.attempts || msLeft() < 1) return undefined
    const other = untried()
    // What has not left has cost nobody anything: to go elsewhere then is no additional call.
    if (other !== undefined && 'error' in failure && !failure.error.wasSent) return other
    const next = other ?? again(place, route, retryAfterMs)
    if (next === undefined || route.health.budget.withdraw()) return next
    next.passage.leave('unknown')
    return undefined
  }

  function go(next: Next): void {
    if (next.waitMs === 0) {
      start(next)
      return
    }
    const timer = setTimeout(() => {
      waiting = undefined
      start(next)
    }, next.waitMs)
    waiting = { timer, passage: next.passage }
  }

  function start(next: Next): void {
    const { place, route, passage } = next
    const { upstream, health } = route
    const startedAt = house.monotonic()
    calls[place] = (calls[place] ?? 0) + 1
    if (exchange.attempts.length === 0) health.budget.deposit()
    exchange.upstream = upstream
    const body = bodyFor(exchange, route)
    const isAsDecided = candidates[0]?.nameOf(model) === route.nameOf(model)
    const note = (how: Pick<Attempt, 'sent' | 'status' | 'error'>) =>
      exchange.attempts.push({
        upstream: upstream.name,
        ...how,
        ...(!isAsDecided && { forwarded: sha256Hex(body) }),
        ms: Math.round(house.monotonic() - startedAt),
      })
    let hasBegun = false
    let isDropped = false
    let droppedBytes = 0
    const call = upstream.send(
      {
        operation: upstreamPath,
        method: 'POST',
        body,
        signal: hungUp,
        betas: askedBetas(exchange),
        totalMs: Math.max(1, msLeft()),
      },
      {
        onHead(head) {
          note({ sent: true, status: head.status })
          const retryAfterMs = judge(head, next)
          const other = head.status < 400 ? undefined : after({ status: head.status }, next, retryAfterMs)
          hasBegun = true
          if (other === undefined) {
            answer.onHead(head)
            return
          }
          isDropped = true
          dropped.add(call)
          go(other)
        },
        onData(chunk) {
          if (!isDropped) return answer.onData(chunk)
          droppedBytes += chunk.length
          if (droppedBytes > maxDroppedBytes) call.abort()
          return true
        },
        onEnd() {
          dropped.delete(call)
          passage.leave('ok')
          if (!isDropped) finish(() => answer.onEnd())
        },
        onError(error) {
          dropped.delete(call)
          // Given up by us: what had come of the answer was good.
          passage.leave(hasBegun && error.code === 'aborted' ? 'ok' : resultOf(error))
          if (isDropped) return
          if (!hasBegun) note({ sent: error.wasSent, error: error.code })
          const other = hasBegun ? undefined : after({ error }, next)
          if (other === undefined) finish(() => answer.onError(error))
          else go(other)
        },
      },
    )
    current = call
  }

  /** What the answer's head says about the upstream. @returns its Retry-After in ms */
  function judge({ status, headers }: UpstreamHead, { route, passage }: Next): number | undefined {
    if (isFailureStatus(status)) passage.leave('failed')
    else passage.answered()
    if (status !== 429 && status !== 503 && status !== 529) return undefined
    const retryAfterMs = readRetryAfter(headers['retry-after'], house.now())
    if (retryAfterMs !== undefined) route.health.makeBusy(route.nameOf(model), retryAfterMs)
    return retryAfterMs
  }

  function finish(tell: () => void): void {
    isOver = true
    for (const call of dropped) call.abort()
    tell()
  }

  const first = untried()
  if (first === undefined) queueMicrotask(() => finish(() => answer.onError(allClosedOff(candidates))))
  else start(first)

  return {
    resume: () => current?.resume(),
    abort() {
      isOver = true
      if (waiting !== undefined) {
        clearTimeout(waiting.timer)
        waiting.passage.leave('unknown')
        waiting = undefined
      }
      for (const call of dropped) call.abort()
      current?.abort()
    },
  }
}

/** A call that may be made. */
interface Next {
  /** Among the candidates. */
  readonly place: number
  readonly route: UpstreamRoute
  readonly passage: Passage
  readonly waitMs: number
}

/** 0 to 1. */
function randomShare({ randomBytes }: House): number {
  return Buffer.from(randomBytes(4)).readUInt32LE() / 2 ** 32
}

/** An error answer is small; what is larger is not worth its connection. */
const maxDroppedBytes = 64 * 1024

function allClosedOff(candidates: readonly UpstreamRoute[]): UpstreamError {
  const waits = candidates.map(({ health }) => health.state().retryInMs)
  return new UpstreamError('circuit_open', 'every upstream for this model has failed too often of late', {
    progress: 'waiting',
    retryAfterMs: Math.min(...waits),
  })
}
