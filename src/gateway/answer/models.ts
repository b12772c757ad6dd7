// GET /v1/models: what the configured upstreams offer, less what this caller may not use.
import { parseModelList } from '#wire'
import { speaksAnthropic } from '../anthropic.ts'
import { type Exchange, established, limitHeaders, type Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { mayInfer } from '../policy-request.ts'
import type { UpstreamRoute } from '../upstreams/index.ts'
import { isHarmless } from './names.ts'
import { createSender } from './sender.ts'

export async function listModels(exchange: Exchange, house: House, recorded: Promise<unknown>): Promise<void> {
  let isAbandoned = false
  const sender = createSender(exchange, house, recorded, {
    drained: () => {},
    abandoned: () => {
      isAbandoned = true
    },
  })
  const lists = await Promise.all(house.upstreams.map((route) => offeredBy(route, exchange, house)))
  if (isAbandoned) return sender.done
  if (lists.every((list) => list === undefined)) {
    exchange.outcome.ended = 'upstream_failed'
    sender.refuse(unavailable)
  } else {
    exchange.outcome.ended = 'complete'
    sender.head(200, { ...limitHeaders(exchange), 'content-type': 'application/json' })
    const models = withoutRepeats(lists.flatMap((list) => list ?? []))
    const body = speaksAnthropic(exchange) ? anthropicList(models) : { object: 'list', data: models.map(openAiModel) }
    sender.end(Buffer.from(JSON.stringify(body)))
  }
  await sender.done
}

const unavailable: Refusal = {
  status: 502,
  code: 'upstream_unavailable',
  message: 'No upstream could list its models.',
  rule: 'forward: upstream_unavailable',
}

/** The models of one upstream that are routed to it and that the policy allows; undefined when it cannot say. */
async function offeredBy(route: UpstreamRoute, exchange: Exchange, house: House) {
  // Nobody waits for one that is left alone.
  if (route.health.state().circuit === 'open') return undefined
  const body = await fetchList(route, exchange, house.settings.maxAnswerBytes)
  if (body === undefined) return undefined
  const principal = established(exchange.principal, 'a principal')
  const isOffered = (model: string) =>
    house.routing.includes(model, route) && mayInfer(house, principal, undefined, model, route.upstream.name).isAllowed
  try {
    const ids = parseModelList(body).models.flatMap(({ id }) => route.aliasesOf(id))
    const harmless = await Promise.all(ids.map((id) => isHarmless(exchange, house, id)))
    return ids
      .filter((id, at) => harmless[at] === true && isOffered(id))
      .map((id) => ({ id, upstream: route.upstream.name }))
  } catch (error) {
    house.report(`the model list of ${route.upstream.name} is unreadable`, error)
    return undefined
  }
}

interface OfferedModel {
  readonly id: string
  readonly upstream: string
}

function openAiModel({ id, upstream }: OfferedModel) {
  return { id, object: 'model', created: 0, owned_by: upstream }
}

/** One page with everything. A date of release is not known for every upstream, so none is told. */
function anthropicList(models: readonly OfferedModel[]) {
  const data = models.map(({ id }) => ({ type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00Z' }))
  return { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null }
}

/** What several upstreams offer is the first's. */
function withoutRepeats(models: readonly OfferedModel[]): OfferedModel[] {
  return [...new Map(models.toReversed().map((model) => [model.id, model])).values()].reverse()
}

function fetchList(route: UpstreamRoute, exchange: Exchange, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const call = route.upstream.send(
      { operation: 'models', method: 'GET', signal: exchange.hungUp },
      {
        onHead(head) {
          if (head.status === 200) return
          resolve(undefined)
          call.abort()
        },
        onData(chunk) {
          size += chunk.length
          if (size > maxBytes) {
            resolve(undefined)
            call.abort()
          } else chunks.push(chunk)
          return true
        },
        onEnd: () => resolve(Buffer.concat(chunks, size)),
        onError: () => resolve(undefined),
      },
    )
  })
}
