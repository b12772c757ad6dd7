// The upstreams of the configuration. One whose settings did not change is the same before and after a reload: it
// keeps its connections, and what is known of its health.
import { createHash } from 'node:crypto'
import { Secret } from '#config'
import { createUpstream, modelMatcher, resolveBySystem, type UpstreamRoute, type UpstreamWorld } from '#gateway'
import type { Settings } from './settings.ts'

export interface Upstreams {
  /** The routes that the settings name, in their order. Each call is to be followed by one of `release`. */
  acquire(settings: Settings['upstreams']): readonly UpstreamRoute[]
  /** Closes those that nobody else has acquired, once their running calls have ended. */
  release(routes: readonly UpstreamRoute[]): Promise<void>
}

export function createUpstreams(): Upstreams {
  const open = new Map<string, { readonly route: UpstreamRoute; users: number }>()
  return {
    acquire: (settings) =>
      settings.map((each) => {
        const id = identityOf(each)
        const known = open.get(id) ?? { route: routeTo(each), users: 0 }
        known.users++
        open.set(id, known)
        return known.route
      }),
    async release(routes) {
      const closing: Promise<void>[] = []
      for (const [id, known] of open) {
        if (!routes.includes(known.route) || --known.users > 0) continue
        open.delete(id)
        closing.push(known.route.upstream.close())
      }
      await Promise.all(closing)
    },
  }
}

function routeTo(upstream: Settings['upstreams'][number]): UpstreamRoute {
  const serves = modelMatcher(upstream.models)
  return { upstream: createUpstream(upstream, upstreamWorld), serves }
}

const upstreamWorld: UpstreamWorld = {
  resolve: resolveBySystem,
  now: Date.now,
}

/** The same for the same settings, secrets included. */
function identityOf(settings: Settings['upstreams'][number]): string {
  const reveal = (value: unknown): unknown => (value instanceof Secret ? { secret: value.reveal() } : value)
  // `toJSON` of a secret runs before a replacer sees it, so the replacer looks at the holder's own value.
  const text = JSON.stringify(settings, function (this: Record<string, unknown>, key, value) {
    const own = reveal(this[key])
    return own === this[key] ? value : own
  })
  return createHash('sha256').update(text).digest('hex')
}
