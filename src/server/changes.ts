// What is different between two configurations, by path. The paths are for the log: never a value, which may be secret.
import { isDeepStrictEqual } from 'node:util'
import { Secret } from '#config'
import type { Settings } from './settings.ts'

/** What is only read when the program starts: a change of it takes effect then. */
const atStartOnly = [
  /^data$/,
  /^store\b/,
  /^audit\b/,
  /^listen\.(?:host|port|tls|maxConnections)$/,
  // Also when all of it comes or goes.
  /^api$/,
  /^api\.listen\.(?:host|port|tls)$/,
  /^api\.scans\.uploadTimeout$/,
  /^operations(?:\.(?:host|port|tls|allowHttp))?$/,
  /^limits\.(?:maxHeaderBytes|headerTimeout|bodyTimeout)$/,
]

/** Whether a change at `path` waits for the next start. */
export function needsRestart(path: string): boolean {
  return atStartOnly.some((pattern) => pattern.test(path))
}

/** `next`, with everything that needs a restart as it is in `running`. */
export function withoutRestart(running: Settings, next: Settings): Settings {
  const { maxHeaderBytes, headerTimeout, bodyTimeout } = running.limits
  const { host, port, maxConnections } = running.listen
  // TLS cannot come or go while a listener is open; its certificate can.
  const tls = running.listen.tls && (next.listen.tls ?? running.listen.tls)
  return {
    ...next,
    data: running.data,
    store: running.store,
    audit: running.audit,
    listen: { ...next.listen, host, port, tls, maxConnections },
    api: apiOf(running.api, next.api),
    operations: operationsOf(running.operations, next.operations),
    limits: { ...next.limits, maxHeaderBytes, headerTimeout, bodyTimeout },
  }
}

function apiOf(running: Settings['api'], next: Settings['api']): Settings['api'] {
  if (running === undefined || next === undefined) return running
  const { host, port, tls } = running.listen
  const scans = { ...next.scans, uploadTimeout: running.scans.uploadTimeout }
  return { ...next, scans, listen: { host, port, tls: tls && (next.listen.tls ?? tls) } }
}

function operationsOf(running: Settings['operations'], next: Settings['operations']): Settings['operations'] {
  if (running === undefined || next === undefined) return running
  const { host, port, allowHttp } = running
  return { ...next, host, port, allowHttp, tls: running.tls && (next.tls ?? running.tls) }
}

/**
 * The paths at which two values differ, such as `listen.tls.key` or `upstreams[openai].url`. Of what is only on one
 * side, the path where it begins. Items of a list go by their names when all have one, so that one more in front does
 * not change all others.
 */
export function changedPaths(before: unknown, after: unknown, path = ''): string[] {
  if (isBranch(before) && isBranch(after) && Array.isArray(before) === Array.isArray(after)) {
    const [was, is] = [childrenOf(before), childrenOf(after)]
    const steps = [...new Set([...was.keys(), ...is.keys()])]
    const inside = steps.flatMap((step) =>
      was.has(step) && is.has(step)
        ? changedPaths(was.get(step), is.get(step), join(path, step))
        : was.get(step) === is.get(step)
          ? []
          : [join(path, step)],
    )
    const isReordered = inside.length === 0 && !isDeepStrictEqual([...was.keys()], [...is.keys()])
    return isReordered && Array.isArray(before) ? [path] : inside
  }
  return isDeepStrictEqual(revealed(before), revealed(after)) ? [] : [path]
}

/** A secret and a URL are values; isDeepStrictEqual does not see into either. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  return value instanceof URL ? value.href : value
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Secret) && !(value instanceof URL)
}

function childrenOf(value: object): Map<string, unknown> {
  if (!Array.isArray(value)) return new Map(Object.entries(value))
  const names = value.map((item) => nameOf(item))
  const isNamed = names.every((name) => name !== undefined) && new Set(names).size === names.length
  return new Map(value.map((item, index) => [`[${isNamed ? names[index] : index}]`, item]))
}

function nameOf(item: unknown): string | undefined {
  return typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string'
    ? item.name
    : undefined
}

function join(path: string, step: string): string {
  return path === '' || step.startsWith('[') ? `${path}${step}` : `${path}.${step}`
}
