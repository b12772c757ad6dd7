// A gateway that serves: its house, its upstreams and its listener. It is the whole of Holdfast's traffic in one
// process, and a part of it in each worker.
import { createHouses, type House, type Listener, listen, type UpstreamRoute } from '#gateway'
import type { PolicySet } from '#policy'
import { tlsOptions } from './configuration.ts'
import { cannotListen, ServerError } from './error.ts'
import { furnish } from './furnish.ts'
import { createTokenDoor } from './issuers.ts'
import { isLoopback } from './loopback.ts'
import { type ProcessReport, type ServingState, servingReadings } from './metrics/report.ts'
import type { Recording } from './recording.ts'
import { limitOfOpenFiles, roomForConnections } from './room.ts'
import type { Settings } from './settings.ts'
import type { Shared } from './shared.ts'
import { createUpstreams } from './upstreams.ts'
import type { World } from './world.ts'

/** What a house is furnished with. */
export interface Furnishing {
  readonly settings: Settings
  readonly policies: PolicySet
}

/** A change that is ready and can no longer fail. Exactly one of the two is to be called. */
export interface Prepared {
  /** New exchanges see it, all of them when this resolves. */
  commit(): void | Promise<void>
  /** As if it had never been. */
  discard(): void | Promise<void>
}

export interface Serving {
  readonly url: string
  /** @throws whatever is wrong with the settings that only building from them shows */
  prepare(next: Furnishing & { readonly recording: Recording }): Prepared | Promise<Prepared>
  /** Replaces the processes that serve, where there are such. @returns how many */
  restart?(): Promise<number>
  /** How the processes are that serve. What they have counted is in the registry of this process when it resolves. */
  reports(): Promise<readonly NamedReport[]>
  /** The other processes that serve, where there are such. */
  workers?(): readonly WorkerState[]
  /**
   * Stops accepting, lets running exchanges finish, closes the upstreams.
   *
   * @param lingerMs  how long connections that wait for their next request may still bring one, ms
   */
  close(graceMs: number, lingerMs: number): Promise<void>
}

export interface NamedReport extends Pick<ProcessReport, 'readings' | 'upstreams'> {
  /** `main`, or `worker-1` and so on. */
  readonly process: string
}

/** Plain data. */
export interface WorkerState {
  /** From 1. */
  readonly number: number
  /** ms since its last sign of life. */
  readonly silentMs: number
  /** ms since there was one; undefined while there is. */
  readonly downMs: number | undefined
}

export interface LocalServing extends Serving {
  state(): ServingState
  prepare(next: Furnishing): Prepared
}

/**
 * @param fd  a socket that somebody else has bound and keeps; otherwise the settings' address is taken
 * @throws ServerError when the address cannot be used
 */
export async function serve(
  shared: Shared,
  first: Furnishing,
  world: World,
  fd?: number | undefined,
): Promise<LocalServing> {
  const upstreams = createUpstreams(shared, world)
  const door = createTokenDoor(world)
  const build = ({ settings, policies }: Furnishing): Built => {
    const routes = upstreams.acquire(settings.upstreams)
    try {
      const tokens = door.verifier(settings.identity, shared.commitKey)
      return { settings, routes, house: furnish(shared, settings, policies, routes, world, tokens) }
    } catch (error) {
      release(routes)
      throw error
    }
  }
  const leaving = new Set<Promise<void>>()
  const release = (routes: readonly UpstreamRoute[]) => {
    const released = upstreams
      .release(routes)
      .catch((error) => world.report('an upstream could not be closed', error))
      .finally(() => leaving.delete(released))
    leaving.add(released)
  }
  let now = build(first)
  const houses = createHouses(now.house)
  const listener = await openListener(houses, first.settings.listen, fd, world)
  const state = (): ServingState => ({
    listener: listener.state(),
    upstreams: now.routes.map(({ upstream, health }) => ({ name: upstream.name, ...health.state() })),
    keySets: door.keySets(),
  })
  return {
    url: listener.url,
    state,
    async reports() {
      const current = state()
      return [{ process: 'main', readings: servingReadings(current, world.now()), upstreams: current.upstreams }]
    },
    prepare(next) {
      const built = build(next)
      return {
        commit() {
          const old = now
          now = built
          const tls = tlsOptions(built.settings.listen)
          if (tls !== undefined) listener.renewCertificate(tls)
          const left = houses.move(built.house).then(() => release(old.routes))
          leaving.add(left)
          left.finally(() => leaving.delete(left))
        },
        discard: () => release(built.routes),
      }
    },
    async close(graceMs, lingerMs) {
      await listener.close(graceMs, lingerMs)
      release(now.routes)
      while (leaving.size > 0) await Promise.all(leaving)
    },
  }
}

interface Built {
  readonly settings: Settings
  readonly routes: readonly UpstreamRoute[]
  readonly house: House
}

async function openListener(
  houses: Parameters<typeof listen>[0],
  settings: Settings['listen'],
  fd: number | undefined,
  world: World,
): Promise<Listener> {
  const { host, port } = settings
  const tls = tlsOptions(settings)
  try {
    const maxConnections = roomForConnections(settings, limitOfOpenFiles(), world)
    const onTurnedAway = () =>
      world.warn(
        `more than ${maxConnections} connections at once (listen.maxConnections): others are closed unanswered`,
      )
    const listener = await listen(houses, { host, port, tls, fd, maxConnections, onTurnedAway })
    if (fd === undefined || tls !== undefined || isLoopback(new URL(listener.url).hostname)) return listener
    await listener.close(0, 0)
  } catch (error) {
    throw cannotListen(error, `${host}:${port}`)
  }
  // The settings say loopback, but what was handed over is something else.
  throw new ServerError(
    'address_refused',
    'the socket that was handed over is not on loopback, where plain HTTP is served: add listen.tls',
  )
}
