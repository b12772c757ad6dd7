// How a request walks through the gateway. Every stage may stop the exchange with a Refusal; a stage
// that throws or takes too long stops it too. What stops is recorded before the client is told.
import { refuse } from './answer/refuse.ts'
import { type Exchange, type Refusal, type StageName, stageNames } from './exchange.ts'
import type { House } from './house.ts'
import { observationOf } from './observation.ts'
import { accept } from './stages/accept.ts'
import { admit } from './stages/admit.ts'
import { authorise } from './stages/authorise.ts'
import { clear } from './stages/clear.ts'
import { forward } from './stages/forward.ts'
import { guard } from './stages/guard.ts'
import { identify } from './stages/identify.ts'
import { inspectRequest } from './stages/inspect-request.ts'
import { read } from './stages/read.ts'
import { recordDecision, recordOutcome } from './stages/record.ts'
import { reserve } from './stages/reserve.ts'
import { select } from './stages/select.ts'
import { settle } from './stages/settle.ts'
import { transform } from './stages/transform.ts'

/** A stage that may refuse; it answers at once where it can, so that the usual exchange waits for nothing. */
export type Stage = (exchange: Exchange, house: House) => Refusal | undefined | Promise<Refusal | undefined>

/** In the order of `stageNames`. */
const requestStages: Readonly<Record<StageName, Stage>> = {
  guard,
  accept,
  identify,
  authorise,
  admit,
  read,
  select,
  reserve,
  'inspect request': inspectRequest,
  clear,
  transform,
}

/**
 * Takes one request from its first header to its last log entry. Never rejects.
 *
 * `forward` runs the text stages (inspect response, restore, check sinks) over each text of the answer.
 */
export async function walk(exchange: Exchange, house: House): Promise<void> {
  let isLate = false
  // Whatever it is that takes so long: a slow upstream, or a client that does not read.
  const deadline = setTimeout(() => {
    isLate = true
    exchange.request.socket.destroy()
  }, house.settings.limits.totalTimeout)
  try {
    const refusal = await stopAtFirstRefusal(exchange, house)
    // Durable before the client learns anything; for an allowed exchange this runs while the upstream works.
    const recorded = recordDecision(exchange, house, refusal)
    if (refusal === undefined) await forward(exchange, house, recorded)
    else await refuse(exchange, refusal, recorded)
  } catch (error) {
    exchange.outcome.ended = 'failed'
    exchange.outcome.error = nameOf(error)
    house.report('an exchange failed', error)
    exchange.response.destroy()
  }
  clearTimeout(deadline)
  if (isLate) {
    exchange.outcome.ended = 'failed'
    exchange.outcome.error = 'walk: total_timeout'
  }
  settle(exchange, house)
  recordOutcome(exchange, house)
  house.observe(observationOf(exchange, house.monotonic()))
}

async function stopAtFirstRefusal(exchange: Exchange, house: House): Promise<Refusal | undefined> {
  exchange.marks.push(house.monotonic())
  for (const name of stageNames) {
    const result = runGuarded(requestStages[name], exchange, house)
    // Waiting costs more than most stages take.
    const refusal = result instanceof Promise ? await result : result
    exchange.marks.push(house.monotonic())
    if (refusal === undefined) continue
    exchange.refusal = refusal
    exchange.stoppedAt = name
    return refusal
  }
  return undefined
}

function runGuarded(run: Stage, exchange: Exchange, house: House): ReturnType<Stage> {
  const failed = (error: unknown) => {
    house.report(`the stage '${run.name}' failed`, error)
    return failedClosed(run.name, error)
  }
  try {
    const result = run(exchange, house)
    return result instanceof Promise ? withinTime(result, house.settings.stageTimeoutMs).catch(failed) : result
  } catch (error) {
    return failed(error)
  }
}

/** What a client is told when a stage broke: nothing of the cause, which may hold its text. */
function failedClosed(stage: string, error: unknown): Refusal {
  return {
    status: 503,
    code: 'not_inspected',
    message: 'The gateway could not complete its checks, so the request was not forwarded. Try again.',
    rule: `${stage}: ${nameOf(error)}`,
  }
}

function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StageTimeout()), timeoutMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

class StageTimeout extends Error {
  override readonly name = 'StageTimeout'
}

/** The kind of an error, without its message: messages may quote what was being read. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return 'code' in error && typeof error.code === 'string' ? `${error.name} ${error.code}` : error.name
}
