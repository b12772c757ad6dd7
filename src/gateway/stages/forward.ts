// To the upstream and back. The host, the path and the credential come from the configuration;
// the answer walks through the text stages and leaves once the decision is on disk.
import { listModels } from '../answer/models.ts'
import { receiveAnswer } from '../answer/receive.ts'
import { callCandidates } from '../attempts.ts'
import type { Exchange } from '../exchange.ts'
import type { House } from '../house.ts'
import type { UpstreamCall } from '../upstreams/index.ts'

/** Resolves when the answer has been sent, in full or not. Never rejects for what an upstream or a client does. */
export async function forward(exchange: Exchange, house: House, recorded: Promise<unknown>): Promise<void> {
  if (exchange.hungUp.aborted) {
    // The end of the answer is told by its `close`, which has been.
    exchange.outcome.ended = 'client_hung_up'
    return
  }
  if (exchange.operation === 'models') return listModels(exchange, house, recorded)
  let call: UpstreamCall | undefined
  const answer = receiveAnswer(exchange, house, recorded, {
    resume: () => call?.resume(),
    abort: () => call?.abort(),
  })
  call = callCandidates(exchange, house, answer)
  await answer.done
}
