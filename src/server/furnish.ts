// What the gateway lives in: the rooms, set up as the settings say, around what all gateways share.
import { commitment } from '#crypto'
import { createRouting, type House, type UpstreamRoute } from '#gateway'
import { createIdentify, type TokenVerifier } from '#identity'
import { createInspector, detectorsFor } from '#inspect'
import { createEntities, type PolicySet } from '#policy'
import { accessLine } from './access-line.ts'
import { digestOf } from './configuration.ts'
import { createExchangeMeter } from './metrics/exchanges.ts'
import type { Settings } from './settings.ts'
import type { Shared } from './shared.ts'
import type { World } from './world.ts'

/**
 * @param upstreams  the routes that the settings name
 * @param tokens  who checks the tokens of the issuers that they name, if they name any
 * @returns a house; a test may exchange some of it before the doors open
 */
export function furnish(
  shared: Shared,
  settings: Settings,
  policies: PolicySet,
  upstreams: readonly UpstreamRoute[],
  world: World,
  tokens?: TokenVerifier | undefined,
): House {
  return {
    identify: createIdentify(shared, tokens),
    policy: policies,
    entities: createEntities([], policies),
    limiter: { admit: shared.admit },
    leases: shared.leases,
    budgets: shared.budgets,
    addresses: shared.addresses,
    inspector: createInspector({
      detectors: detectorsFor(settings.inspect),
      actions: settings.inspect.actions,
      cacheEntries: settings.inspect.cacheEntries,
      timeLimitMs: settings.inspect.timeLimit,
      now: world.monotonic,
      onOverrun: (detector, ms) => world.warn(`the detector ${detector} took ${Math.round(ms)} ms over one text`),
    }),
    protect: shared.protect,
    upstreams,
    routing: createRouting(settings.routes, upstreams),
    settings: {
      limits: settings.limits,
      privacy: settings.privacy,
      wire: settings.wire,
      maxAnswerBytes: settings.answers.maxBytes,
      maxEventBytes: settings.answers.maxEventBytes,
      stageTimeoutMs: settings.stageTimeout,
      retry: settings.retry,
      configuration: digestOf(settings),
      recordClaims: settings.policy.recordClaims,
    },
    record: shared.record,
    note: shared.note,
    detected: shared.detected,
    observe: observerOf(shared, settings, world),
    commitment: remember(1000, (value) => commitment(shared.commitKey, value)),
    now: world.now,
    monotonic: world.monotonic,
    randomBytes: world.randomBytes,
    report: world.report,
  }
}

function observerOf({ metrics }: Shared, settings: Settings, { logger }: World): House['observe'] {
  const measure = createExchangeMeter(metrics, settings)
  if (!settings.logs.access) return measure
  return (observation) => {
    measure(observation)
    logger.tell(accessLine(observation))
  }
}

/** Keeps the newest `limit` results: clients are few, and each sends many requests. */
function remember(limit: number, compute: (input: string) => string): (input: string) => string {
  const known = new Map<string, string>()
  return (input) => {
    const found = known.get(input)
    if (found !== undefined) return found
    const result = compute(input)
    if (known.size >= limit) known.clear()
    known.set(input, result)
    return result
  }
}
