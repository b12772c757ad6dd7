// What was decided, and how it ended. The decision is durable before the client gets a
// byte; the outcome follows. Neither holds a word of the texts.
import { apiActivity } from '#audit'
import { sha256Hex } from '#crypto'
import type { Principal } from '#identity'
import { bodyFor } from '../attempts.ts'
import { referTo } from '../basis.ts'
import { type Exchange, type Operation, type Refusal, stageNames } from '../exchange.ts'
import type { House } from '../house.ts'
import { rejectedObservation } from '../observation.ts'
import { basisOf } from '../policy-request.ts'
import { maxLoggedQuestions } from '../question.ts'
import { loggedPath } from '../routes.ts'
import { hasOwnEntry } from './unidentified.ts'

/** Resolves when the decision is on disk; rejects when it cannot be written, and then nothing may be served. */
export function recordDecision(exchange: Exchange, house: House, refusal: Refusal | undefined): Promise<unknown> {
  const isOwn =
    exchange.principal === undefined && refusal !== undefined ? hasOwnEntry(house, exchange.client, refusal) : true
  const recorded = isOwn instanceof Promise ? isOwn.then(write) : write(isOwn)
  // Whoever waits for it handles the failure; without this, one that nobody waits for yet would end the process.
  recorded.catch(() => {})
  return recorded

  function write(hasEntry: boolean): Promise<unknown> {
    exchange.isUnrecorded = !hasEntry
    return hasEntry ? house.record(decisionOf(exchange, house, refusal)) : Promise.resolve()
  }
}

function decisionOf(exchange: Exchange, house: House, refusal: Refusal | undefined) {
  const isMasked = exchange.outbound !== exchange.body && refusal === undefined
  return apiActivity({
    ...commonFields(exchange, house, 'decision'),
    status: refusal === undefined ? 'success' : 'failure',
    statusCode: refusal?.code,
    action: refusal !== undefined ? 'denied' : isMasked ? 'modified' : 'allowed',
    rule: refusal?.rule ?? exchange.rule,
    responseStatus: refusal?.status,
    verdicts: exchange.verdicts,
    digests: digestsOf(exchange),
    details: { ...alternativesOf(exchange), stage: exchange.stoppedAt, policy: policyOf(exchange, house) },
  })
}

/** The second entry. Not waited for: the answer is out, and the decision already proves that it was given. */
export function recordOutcome(exchange: Exchange, house: House): void {
  const { outcome, usage, refusal } = exchange
  if (exchange.isUnrecorded) return
  house
    .note(
      apiActivity({
        ...commonFields(exchange, house, 'outcome'),
        status: outcome.ended === 'complete' ? 'success' : 'failure',
        statusCode: refusal?.code ?? outcome.ended,
        action: outcome.ended === 'complete' || outcome.ended === 'client_hung_up' ? 'allowed' : 'denied',
        rule: outcome.error ?? refusal?.rule ?? exchange.rule,
        responseStatus: outcome.status,
        verdicts: exchange.verdicts.filter(({ direction }) => direction === 'response'),
        tokens: usage && { prompt: usage.promptTokens, completion: usage.completionTokens },
        digests: outcome.answerDigest === undefined ? {} : { answer: outcome.answerDigest },
        durationMs: Math.round(house.monotonic() - (exchange.marks[0] ?? house.monotonic())),
        latenciesMs: latencies(exchange),
        details: {
          ended: outcome.ended,
          told: outcome.told,
          bytes_in: exchange.body.length,
          bytes_out: outcome.bytesOut,
          upstream_request: outcome.upstreamRequestId,
          limits: rateOf(exchange),
          spent: exchange.budget?.spent,
          attempts: exchange.attempts.length === 0 ? undefined : exchange.attempts,
        },
      }),
    )
    .catch((error) => house.report('an outcome could not be recorded', error))
}

/** A connection whose bytes never became a request. */
export function recordRejectedConnection(
  house: House,
  rejected: { status: number; code: string; address: string | undefined },
): Promise<unknown> {
  const id = newId(house)
  house.observe(rejectedObservation(id, rejected))
  const isOwn = hasOwnEntry(house, rejected.address ?? '', rejected)
  const write = (hasEntry: boolean) => (hasEntry ? house.record(rejectionOf(house, id, rejected)) : Promise.resolve())
  return isOwn instanceof Promise ? isOwn.then(write) : write(isOwn)
}

function rejectionOf(
  house: House,
  id: string,
  rejected: { status: number; code: string; address: string | undefined },
) {
  return apiActivity({
    time: house.now(),
    uid: `${id}.decision`,
    phase: 'decision',
    exchange: id,
    operation: 'unknown',
    request: { method: 'unknown', path: 'unknown' },
    sourceCommitment: rejected.address && house.commitment(rejected.address),
    responseStatus: rejected.status,
    status: 'failure',
    statusCode: rejected.code,
    action: 'denied',
    rule: `accept: ${rejected.code}`,
    scan: 'not_scanned',
  })
}

export function newId(house: House): string {
  return `ex_${Buffer.from(house.randomBytes(16)).toString('hex')}`
}

function commonFields(exchange: Exchange, house: House, phase: 'decision' | 'outcome') {
  const { request, upstream, asked } = exchange
  const principal = exchange.principal ?? exchange.claimant
  const address = exchange.client
  return {
    time: house.now(),
    uid: `${exchange.id}.${phase}`,
    phase,
    exchange: exchange.id,
    tenant: principal?.tenant,
    activity: exchange.operation === 'models' ? 'read' : 'create',
    operation: operationNames[exchange.operation],
    actor: principal && actorOf(principal),
    request: { method: request.method ?? '', path: loggedPath(request.url ?? '') },
    sourceCommitment: address && house.commitment(address),
    model: asked && upstream && { name: asked.model, provider: upstream.name },
    upstream: upstream?.name,
    scan: exchange.scan,
  } as const
}

function actorOf(principal: Principal) {
  const { id, keyId } = principal
  return principal.kind === 'jwt'
    ? ({ principal: id, keyId: principal.tokenId ?? keyId, kind: 'unknown' } as const)
    : ({ principal: id, keyId, kind: 'service' } as const)
}

const operationNames: Readonly<Record<Operation, string>> = {
  chat: 'chat.completions',
  completions: 'completions',
  embeddings: 'embeddings',
  messages: 'messages',
  count_tokens: 'messages.count_tokens',
  models: 'models.list',
  unknown: 'unknown',
}

/** The rate that the request left least of. */
function rateOf({ limits }: Exchange) {
  return limits?.scope ? { scope: limits.scope, limit: limits.limit, remaining: limits.remaining } : undefined
}

/** What policy was asked and answered, so that the same can be asked of other policies. */
function policyOf({ principal, questions }: Exchange, house: House) {
  if (principal === undefined || questions.length === 0) return undefined
  return {
    ...referTo(basisOf(house, principal), house),
    asked: questions.slice(0, maxLoggedQuestions),
    asked_total: questions.length > maxLoggedQuestions ? questions.length : undefined,
  }
}

/** Where else the request may be sent, when it cannot be sent to `upstream`: it was decided for all of them. */
function alternativesOf({ candidates, refusal }: Exchange): { alternatives: string[] } | undefined {
  if (candidates.length < 2 || refusal !== undefined) return undefined
  return { alternatives: candidates.slice(1).map(({ upstream }) => upstream.name) }
}

/** Digests prove later which bytes were meant without keeping them. */
function digestsOf(exchange: Exchange): Record<string, string> {
  const { body, refusal, candidates } = exchange
  if (body.length === 0) return {}
  const request = exchange.bodyDigest ?? sha256Hex(body)
  const [first] = candidates
  if (refusal !== undefined || first === undefined) return { request }
  const forwarded = bodyFor(exchange, first)
  return { request, forwarded: forwarded === body ? request : sha256Hex(forwarded) }
}

/** ms that each stage took, and from the last one to the first byte of the answer. */
function latencies({ marks, outcome }: Exchange): Record<string, number> {
  const times: Record<string, number> = {}
  for (const [index, name] of stageNames.entries()) {
    const end = marks[index + 1]
    if (end !== undefined) times[name] = round(end - (marks[index] ?? end))
  }
  const last = marks.at(-1)
  if (last !== undefined && outcome.firstByteAt !== undefined) times['first byte'] = round(outcome.firstByteAt - last)
  return times
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
