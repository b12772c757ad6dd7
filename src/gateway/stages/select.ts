// Which upstream serves the model, and may this caller use it there? The upstream is chosen by
// configuration alone: nothing in the request can name a host.
import type { Verdict } from '#inspect'
import { type Exchange, established, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { mayInfer } from '../policy-request.ts'
import type { UpstreamRoute } from '../upstreams/index.ts'

export function select(exchange: Exchange, house: House): Selected | Promise<Selected> {
  if (exchange.format === undefined) return undefined
  const { model } = established(exchange.asked, 'a parsed request')
  const { tenant } = established(exchange.principal, 'a principal')
  // The name goes upstream and into the log as it is, so it must not be a secret or somebody's address.
  const input = { text: model, channel: 'user', contentType: 'text', direction: 'request' } as const
  const found = house.inspector.inspect(input, { tenant })
  const judge = (verdicts: readonly Verdict[]) =>
    verdicts.some(({ action }) => action === 'mask' || action === 'block') ? revealingModel : choose(exchange, house)
  return found instanceof Promise ? found.then(judge) : judge(found)
}

type Selected = Refusal | undefined

function choose(exchange: Exchange, house: House): Selected {
  const asked = established(exchange.asked, 'a parsed request')
  const principal = established(exchange.principal, 'a principal')
  const served = house.routing.candidates(asked.model, established(exchange.format, 'a format').api)
  if (served.length === 0) return unknownModel
  let refusedBy: string | undefined
  const allowed: UpstreamRoute[] = []
  for (const route of served) {
    // Each is asked for, also those that are only called when another fails.
    const answer = mayInfer(house, principal, asked, asked.model, route.upstream.name)
    exchange.questions.push(answer.logged)
    if (!answer.isAllowed) refusedBy ??= answer.rule
    else if (allowed.push(route) === 1) exchange.rule = answer.rule
  }
  exchange.candidates = allowed
  exchange.upstream = allowed[0]?.upstream
  return allowed.length > 0 ? undefined : modelNotAllowed(refusedBy ?? '')
}

function modelNotAllowed(rule: string): Refusal {
  return {
    status: 403,
    code: 'model_not_allowed',
    message: 'The policy does not allow this caller to use this model.',
    rule,
    param: 'model',
  }
}

const revealingModel: Refusal = {
  status: 400,
  code: 'invalid_request',
  message: 'The model name holds what must not leave: a secret, personal data, or an instruction.',
  rule: 'select: revealing_model',
  param: 'model',
}

const unknownModel: Refusal = {
  status: 404,
  code: 'model_not_found',
  message: 'No configured upstream serves this model. GET /v1/models lists those that are served.',
  rule: 'select: model_not_found',
  param: 'model',
}
