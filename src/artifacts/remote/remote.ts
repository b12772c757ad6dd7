// Files that are elsewhere: https, S3 and the Hugging Face hub.
import { ArtifactError } from '../error.ts'
import type { Target } from '../scanner/scan-files.ts'
import { type HubSettings, hubTargets } from './hub.ts'
import { remoteContent } from './ranges.ts'
import { type S3Settings, s3Targets } from './s3.ts'
import type { RemoteWorld } from './world.ts'

export interface RemoteSettings {
  readonly hub: HubSettings
  readonly s3: S3Settings
  /** Hosts beside its own that an https address may redirect to. */
  readonly allowedHosts: readonly string[]
  /** Whether plain http is allowed, as it is for a server of one's own. */
  readonly allowHttp: boolean
}

/**
 * What is at an address: one file, or all of a repository or a prefix.
 *
 * @throws ArtifactError `malformed` for what is no address; `unreadable`, `over_limit` when a list cannot be got
 */
export async function remoteTargets(
  address: string,
  settings: RemoteSettings,
  world: RemoteWorld,
): Promise<readonly Target[]> {
  if (address.startsWith('hf:')) return hubTargets(address, settings.hub, world)
  if (address.startsWith('s3:')) return s3Targets(address, settings.s3, world)
  return [webTarget(address, settings, world)]
}

function webTarget(address: string, { allowedHosts, allowHttp }: RemoteSettings, world: RemoteWorld): Target {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || url.username !== '' || url.password !== '')
    throw new ArtifactError('malformed', 'an address is written https://host/path, without a user or a password')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowHttp))
    throw new ArtifactError('malformed', `${url.protocol}// is not read: use https`)
  const place = {
    url,
    headersFor: () => ({}),
    mayLeadTo: ({ hostname }: URL) => allowedHosts.includes(hostname),
  }
  // A query may hold a signature, which is nobody's business in a report.
  return { path: `${url.origin}${url.pathname}`, open: () => remoteContent(place, world.get, world.limits) }
}
