// The upstreams of the configuration. One whose settings did not change is the same before and after a reload: it
// keeps its connections, and what is known of its health.
import { createHash } from 'node:crypto'
import { applicationLifecycle } from '#audit'
import { Secret } from '#config'
import { type CircuitChange, createRoute, type RouteWorld, resolveBySystem, type UpstreamRoute } from '#gateway'
import type { Settings } from './settings.ts'
import type { Shared } from './shared.ts'
import type { World } from './world.ts'

export interface Upstreams {
  /** The routes that the settings name, in their order. Each call is to be followed by one of `release`. */
  acquire(settings: Settings['upstreams']): readonly UpstreamRoute[]
  /** Closes those that nobody else has acquired, once their running calls have ended. */
  release(routes: readonly UpstreamRoute[]): Promise<void>
}

/** @param shared  has the log, where it says that the circuit of an upstream opens or closes */
export function createUpstreams(shared: Pick<Shared, 'note'>, world: World): Upstreams {
  const open = new Map<string, { readonly route: UpstreamRoute; users: number }>()
  const worldOf = (name: string): RouteWorld => ({
    resolve: resolveBySystem,
    monotonic: world.monotonic,
    random: Math.random,
    onChange(change) {
      world.logger.tell({
        level: 'info',
        event: 'circuit',
        text: `the circuit of ${name} is ${change.state}: ${change.reason}`,
        fields: { upstream: name, state: change.state },
      })
      shared
        .note(upstreamChange(name, change, world))
        .catch((error) => world.report('a change of an upstream could not be logged', error))
    },
  })
  return {
    acquire(settings) {
      const routes: UpstreamRoute[] = []
      try {
        for (const each of settings) {
          const id = identityOf(each)
          const known = open.get(id) ?? { route: createRoute(each, worldOf(each.name)), users: 0 }
          known.users++
          open.set(id, known)
          routes.push(known.route)
        }
        return routes
      } catch (error) {
        void release(routes)
        throw error
      }
    },
    release,
  }

  async function release(routes: readonly UpstreamRoute[]): Promise<void> {
    const closing: Promise<void>[] = []
    for (const [id, known] of open) {
      if (!routes.includes(known.route) || --known.users > 0) continue
      open.delete(id)
      closing.push(known.route.upstream.close())
    }
    await Promise.all(closing)
  }
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

/** The circuit of an upstream has opened, is being tried, or has closed. */
function upstreamChange(name: string, { state, reason }: CircuitChange, world: World) {
  return applicationLifecycle({
    time: world.now(),
    uid: world.id('ev'),
    activity: state === 'closed' ? 'enable' : state === 'open' ? 'disable' : 'other',
    app: { name, uid: `upstream:${name}` },
    status: 'success',
    details: { circuit: state, reason },
  })
}
