// What the gateway serves, and at which paths.
import { formats } from '#wire'
import type { Operation } from './exchange.ts'

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly operation: Operation
}

/** Exact paths only: nothing is decoded, joined or matched by prefix (CVE-2026-49468, CVE-2026-59822). */
const table: ReadonlyMap<string, Route> = new Map([
  ['/v1/models', { method: 'GET', operation: 'models' }],
  ['/models', { method: 'GET', operation: 'models' }],
  ...[...formats.values()].flatMap(({ upstreamPath, operation }): [string, Route][] => [
    [`/v1/${upstreamPath}`, { method: 'POST', operation }],
    [`/${upstreamPath}`, { method: 'POST', operation }],
  ]),
])

/** The route of a request target, whose query says nothing about it. */
export function routeOf(target: string): Route | undefined {
  return table.get(pathOf(target))
}

/** A path that is not one of ours may hold anything, a credential included; only its length is told. */
export function loggedPath(target: string): string {
  const path = pathOf(target)
  return table.has(path) ? path : `(${path.length} characters)`
}

function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? target : target.slice(0, mark)
}
