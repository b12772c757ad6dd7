// May this caller use this operation at all? Decided by Cedar before a byte of the body is read;
// which model it may use is decided in `select`, once the model is known.
import { type Exchange, established, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { mayCall } from '../policy-request.ts'

export function authorise(exchange: Exchange, house: House): Refusal | undefined {
  const answer = mayCall(house, established(exchange.principal, 'a principal'), exchange.operation)
  exchange.questions.push(answer.logged)
  exchange.rule = answer.rule
  if (answer.isAllowed) return undefined
  return {
    status: 403,
    code: 'not_authorised',
    message: 'The policy does not allow this caller to use this operation.',
    rule: answer.rule,
  }
}
