// Which upstreams a model may go to, and in which order: weighted inside a group, group after group, and those that
// are in trouble last. Nothing in a request but the model's name has a say.
import { z } from 'zod'
import { modelMatcher } from '#config'
import { createRotation } from './rotation.ts'
import type { UpstreamRoute } from './route.ts'
import { modelPattern } from './schema.ts'

export const routesSchema = z
  .array(
    z.strictObject({
      models: z.array(modelPattern).min(1).describe('Model names as clients give them; `*` stands for any text.'),
      groups: z
        .array(
          z
            .record(z.string(), z.int().min(1).max(1000))
            .refine((group) => Object.keys(group).length > 0, 'a group needs at least one upstream'),
        )
        .min(1)
        .max(16)
        .describe('Groups of upstreams, by name, with their weights. The next group is for when one has failed.'),
    }),
  )
  .default([])
  .describe('Models that more than one upstream serves. The first that matches counts.')

export type RouteSettings = z.output<typeof routesSchema>[number]

export interface Routing {
  /**
   * The upstreams for a model, best first; none when it is not served. Each call takes a turn.
   *
   * @param api leaves out upstreams that do not speak it
   */
  candidates(model: string, api: UpstreamRoute['api']): readonly UpstreamRoute[]
  /** Whether `candidates` could name that upstream for the model; takes no turn. */
  includes(model: string, route: UpstreamRoute): boolean
}

/** What is wrong with the names in `routes`; undefined when every one is an upstream, and no route names one twice. */
export function routeProblem({ groups }: RouteSettings, upstreams: ReadonlySet<string>): string | undefined {
  const named = groups.flatMap((group) => Object.keys(group))
  const unknown = named.find((name) => !upstreams.has(name))
  if (unknown !== undefined) return `there is no upstream '${unknown}'`
  const twice = named.find((name, place) => named.indexOf(name) !== place)
  return twice === undefined ? undefined : `'${twice}' is in two groups of one route`
}

/**
 * Without a route for the model, the first upstream that serves it is the only one.
 *
 * @throws Error when a route names an upstream that is not there; `routeProblem` has ruled that out
 */
export function createRouting(routes: readonly RouteSettings[], upstreams: readonly UpstreamRoute[]): Routing {
  const compiled = routes.map(({ models, groups }) => ({
    matches: modelMatcher(models),
    groups: groups.map((group) => createGroup(group, upstreams)),
  }))
  const routeOf = (model: string) => compiled.find(({ matches }) => matches(model))

  return {
    candidates(model, api) {
      const isUsable = (route: UpstreamRoute) => route.api === api && route.serves(model)
      const route = routeOf(model)
      if (route === undefined) {
        const first = upstreams.find(isUsable)
        return first === undefined ? [] : [first]
      }
      const ordered = route.groups.flatMap((group) => group(model, isUsable))
      return ordered.sort((a, b) => a.trouble - b.trouble).map(({ route }) => route)
    },
    includes(model, asked) {
      const route = routeOf(model)
      if (route === undefined) return upstreams.find(({ api, serves }) => api === asked.api && serves(model)) === asked
      return asked.serves(model) && route.groups.some(({ members }) => members.includes(asked))
    },
  }
}

interface Placed {
  readonly route: UpstreamRoute
  /** 0 for one that is ready. */
  readonly trouble: number
}

interface Group {
  (model: string, isUsable: (route: UpstreamRoute) => boolean): Placed[]
  readonly members: readonly UpstreamRoute[]
}

/** Turns are taken among those that are ready, so that the shares of the others go to them by weight. */
function createGroup(weights: Readonly<Record<string, number>>, upstreams: readonly UpstreamRoute[]): Group {
  const members = Object.keys(weights).map((name) => memberOf(upstreams, name))
  const rotate = createRotation(Object.values(weights))
  const order = (model: string, isUsable: (route: UpstreamRoute) => boolean): Placed[] => {
    const placed = members.map((route) => ({ route, trouble: isUsable(route) ? troubleOf(route, model) : unusable }))
    const ready = rotate((place) => placed[place]?.trouble === 0)
    const rest = placed.filter(({ trouble }) => trouble > 0 && trouble < unusable)
    return [...ready.flatMap((place) => placed[place] ?? []), ...rest]
  }
  return Object.assign(order, { members })
}

const unusable = 3

function troubleOf({ health, nameOf }: UpstreamRoute, model: string): number {
  switch (health.condition(nameOf(model))) {
    case 'ready':
      return 0
    case 'busy':
      return 1
    case 'closed_off':
      return 2
  }
}

function memberOf(upstreams: readonly UpstreamRoute[], name: string): UpstreamRoute {
  const found = upstreams.find(({ upstream }) => upstream.name === name)
  if (found === undefined) throw new Error(`a route names the upstream '${name}', which is not there`)
  return found
}
