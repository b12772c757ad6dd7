// An upstream with all that the choice between upstreams depends on.
import { modelMatcher } from '#config'
import { createHealth, type Health, type HealthWorld } from './health.ts'
import { startProbing } from './probe.ts'
import type { UpstreamSettings } from './schema.ts'
import type { Upstream } from './types.ts'
import { createUpstream, type UpstreamWorld } from './upstream.ts'

export interface UpstreamRoute {
  readonly upstream: Upstream
  readonly api: UpstreamSettings['api']
  readonly health: Health
  /** ms for one request, all of its attempts, when this upstream is the first. */
  readonly totalMs: number
  /** Data classes that it may be sent unmasked; undefined: all. */
  readonly clearance: ReadonlySet<string> | undefined
  /** Whether it serves the model that clients know by this name. */
  serves(model: string): boolean
  /** The upstream's own name for that model. */
  nameOf(model: string): string
  /** What clients may call a model that the upstream knows by this name. */
  aliasesOf(name: string): readonly string[]
}

export type RouteWorld = UpstreamWorld & HealthWorld

/** @throws UpstreamError as `createUpstream` */
export function createRoute(settings: UpstreamSettings, world: RouteWorld): UpstreamRoute {
  const upstream = createUpstream(settings, world)
  const health = createHealth(settings.health, world)
  const stopProbing = startProbing(upstream, health, settings.health)
  const names = new Map(Object.entries(settings.modelNames))
  return {
    upstream: {
      ...upstream,
      close() {
        stopProbing()
        return upstream.close()
      },
      destroy() {
        stopProbing()
        return upstream.destroy()
      },
    },
    api: settings.api,
    health,
    totalMs: settings.timeouts.total,
    clearance: settings.clearance && new Set(settings.clearance),
    serves: modelMatcher(settings.models),
    nameOf: names.size === 0 ? (model) => model : (model) => names.get(model) ?? model,
    aliasesOf(name) {
      const renamed = [...names].filter(([, own]) => own === name).map(([alias]) => alias)
      return names.has(name) && names.get(name) !== name ? renamed : [...new Set([name, ...renamed])]
    },
  }
}
