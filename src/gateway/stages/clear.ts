// May the data go there? Which upstreams the request may reach was decided by model and caller; now that its texts are
// read, those that are not cleared for what is in them are left out, so that no fallback can reach them either.
import { type DataClasses, dataClassesOf, isCleared } from '../data-classes.ts'
import { type Exchange, established, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { mayInfer } from '../policy-request.ts'
import type { UpstreamRoute } from '../upstreams/index.ts'

export function clear(exchange: Exchange, house: House): Refusal | undefined {
  if (exchange.format === undefined) return undefined
  const classes = dataClassesOf(exchange)
  // The question that `select` has asked already.
  if (classes.data.length === 0 && classes.masked.length === 0) return undefined
  let refusedBy = ''
  const cleared: UpstreamRoute[] = []
  for (const route of exchange.candidates) {
    const { isAllowed, rule } = judge(exchange, house, route, classes)
    if (isAllowed) {
      if (cleared.length === 0) exchange.rule = rule
      cleared.push(route)
    } else refusedBy ||= rule
  }
  exchange.candidates = cleared
  exchange.upstream = cleared[0]?.upstream
  if (cleared.length > 0) return undefined
  return {
    status: 403,
    code: 'data_not_allowed',
    message: `No upstream that this API key may use for this model is cleared for what the request holds: ${told(classes)}.`,
    rule: refusedBy,
  }
}

function judge(exchange: Exchange, house: House, route: UpstreamRoute, classes: DataClasses) {
  const { name } = route.upstream
  if (!isCleared(route.clearance, classes)) return { isAllowed: false, rule: `clear: ${name}` }
  const asked = established(exchange.asked, 'a parsed request')
  const answer = mayInfer(house, established(exchange.principal, 'a principal'), asked, asked.model, name, classes)
  exchange.questions.push(answer.logged)
  return answer
}

/** The names of classes are ours: nothing of the request is in them. */
function told({ data, masked }: DataClasses): string {
  const names = [...data, ...masked.map((name) => `${name} (masked)`)]
  return names.filter((name) => !/^(?:personal|secret|canary)(?: |$)/.test(name)).join(', ')
}
