// Which address a request comes from: the peer's, unless that is a proxy which the configuration trusts.
import type { IncomingMessage } from 'node:http'
import { clientFinder, type LimitSettings } from '#limits'
import type { House } from './house.ts'

const finders = new WeakMap<LimitSettings, ReturnType<typeof clientFinder>>()

export function clientOf(request: IncomingMessage, { settings: { limits } }: House): string {
  let find = finders.get(limits)
  if (find === undefined) {
    find = clientFinder(limits.addresses.trustedProxies)
    finders.set(limits, find)
  }
  const forwarded = request.headers['x-forwarded-for']
  return find(request.socket.remoteAddress ?? '', Array.isArray(forwarded) ? forwarded.join(',') : forwarded)
}
