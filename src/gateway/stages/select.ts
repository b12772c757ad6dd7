// Stage 6: which upstream serves the model, and may this caller use it there? The upstream is chosen by
// configuration alone: nothing in the request can name a host.
import { type Exchange, established, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { mayInfer } from '../policy-request.ts'

export function select(exchange: Exchange, house: House): Refusal | undefined {
  if (exchange.operation !== 'chat') return undefined
  const chat = established(exchange.chat, 'a parsed request')
  const principal = established(exchange.principal, 'a principal')
  const route = house.upstreams.find((candidate) => candidate.serves(chat.model))
  if (route === undefined) return unknownModel
  const answer = mayInfer(house, principal, chat, chat.model, route.upstream.name)
  exchange.rule = answer.rule
  if (!answer.isAllowed)
    return {
      status: 403,
      code: 'model_not_allowed',
      message: 'The policy does not allow this API key to use this model.',
      rule: answer.rule,
      param: 'model',
    }
  exchange.upstream = route.upstream
  return undefined
}

const unknownModel: Refusal = {
  status: 404,
  code: 'model_not_found',
  message: 'No configured upstream serves this model. GET /v1/models lists those that are served.',
  rule: 'select: model_not_found',
  param: 'model',
}
