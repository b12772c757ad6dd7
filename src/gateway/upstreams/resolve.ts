// Names to addresses, each checked before anything connects to it. The connection then goes to exactly the checked
// addresses, because net and tls ask this lookup and no other: a name that changes between check and connect (DNS
// rebinding) changes nothing. Server name and Host header stay the name.
import { lookup as systemLookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { addressRefusal, isLocalhostName } from './address.ts'
import { UpstreamError } from './error.ts'

/** All addresses of a host name, as text; rejects or gives none when there are none. */
export type ResolveName = (hostname: string) => Promise<readonly string[]>

/** The system's resolver, which also reads the hosts file. */
export async function resolveBySystem(hostname: string): Promise<readonly string[]> {
  const found = await systemLookup(hostname, { all: true, verbatim: true })
  return found.map(({ address }) => address)
}

interface CheckedAddress {
  readonly address: string
  readonly family: 4 | 6
}

/**
 * A lookup for net and tls that gives only checked addresses. When one address of a name is not allowed, the name is
 * refused altogether: a mixed answer is how rebinding looks. Good answers are kept for `ttlMs`, refusals are not kept.
 */
export function checkedLookup(options: {
  readonly resolve: ResolveName
  readonly allowPrivate: boolean
  /** ms, monotonic. */
  readonly now: () => number
  readonly ttlMs: number
}): LookupFunction {
  const known = new Map<string, { until: number; addresses: Promise<readonly CheckedAddress[]> }>()

  function addressesOf(hostname: string): Promise<readonly CheckedAddress[]> {
    const kept = known.get(hostname)
    if (kept !== undefined && kept.until > options.now()) return kept.addresses
    const addresses = resolveChecked(hostname, options.resolve, options.allowPrivate)
    known.set(hostname, { until: options.now() + options.ttlMs, addresses })
    addresses.catch(() => known.delete(hostname))
    return addresses
  }

  return (hostname, { all }, callback) => {
    addressesOf(hostname).then(
      (addresses) => {
        const [first] = addresses
        if (all === true) callback(null, [...addresses])
        else callback(null, first?.address ?? '', first?.family)
      },
      (error) => callback(error, []),
    )
  }
}

async function resolveChecked(
  hostname: string,
  resolve: ResolveName,
  allowPrivate: boolean,
): Promise<readonly CheckedAddress[]> {
  if (isLocalhostName(hostname) && !allowPrivate)
    throw refused(hostname, 'it names this machine, which needs `allowPrivate: true`')
  const addresses = await resolve(hostname)
  if (addresses.length === 0) throw new UpstreamError('connect_failed', `the name ${hostname} has no address`)
  return addresses.map((address) => {
    const refusal = addressRefusal(address, allowPrivate)
    if (refusal !== undefined) throw refused(hostname, refusal)
    return { address, family: isIP(address) === 4 ? 4 : 6 }
  })
}

/** The address itself is not named: the message may reach a client, and the inside network is none of its business. */
function refused(hostname: string, reason: string): UpstreamError {
  return new UpstreamError('address_not_allowed', `the address of ${hostname} is refused: ${reason}`)
}
