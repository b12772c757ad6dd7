// Stage 6: which upstream serves the model, and may this caller use it there? The upstream is chosen by
// configuration alone: nothing in the request can name a host.
import { decide } from '#policy'
import { type Exchange, established, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { callerEntities, keyOf } from '../policy-request.ts'

export function select(exchange: Exchange, house: House): Refusal | undefined {
  if (exchange.operation !== 'chat') return undefined
  const chat = established(exchange.chat, 'a parsed request')
  const route = house.upstreams.find((candidate) => candidate.serves(chat.model))
  if (route === undefined) return unknownModel
  const answer = mayInfer(exchange, house, chat.model, route.upstream.name)
  if (answer.decision !== 'allow')
    return {
      status: 403,
      code: 'model_not_allowed',
      message: 'The policy does not allow this API key to use this model.',
      rule: answer.reasons[0] ?? 'no policy permits it',
      param: 'model',
    }
  exchange.upstream = route.upstream
  exchange.rule = answer.reasons[0] ?? exchange.rule
  return undefined
}

/** Cedar's decision on `infer`; the models list asks it too, so that it shows only what may be used. */
export function mayInfer(exchange: Exchange, house: House, model: string, upstream: string) {
  const principal = established(exchange.principal, 'a principal')
  const resource = { type: 'Holdfast::Model', id: model }
  const server = { type: 'Holdfast::Upstream', id: upstream }
  const entities = callerEntities(house.entities, principal).with([
    { uid: resource, attrs: { name: model }, parents: [server] },
    { uid: server, attrs: {}, parents: [] },
  ])
  return decide(
    house.policy,
    {
      principal: keyOf(principal),
      action: { type: 'Holdfast::Action', id: 'infer' },
      resource,
      context: { stream: exchange.chat?.stream ?? false, tools: (exchange.chat?.tools.length ?? 0) > 0 },
    },
    entities,
  )
}

const unknownModel: Refusal = {
  status: 404,
  code: 'model_not_found',
  message: 'No configured upstream serves this model. GET /v1/models lists those that are served.',
  rule: 'select: model_not_found',
  param: 'model',
}
