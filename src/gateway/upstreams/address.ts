// Which addresses an upstream may have. Follows the IANA special-purpose address registries for IPv4 and IPv6
// (RFC 6890, as of 2026-11); what is not known to be public is not public.
import { BlockList, isIP } from 'node:net'

/**
 * What kind of address it is: `public` is globally reachable unicast; `private` belongs to this host or this site and
 * may be allowed by configuration; `forbidden` is never an upstream: link-local (which holds cloud metadata), multicast,
 * documentation, benchmarking, reserved, transition mechanisms that hide another address, and anything unknown.
 *
 * @param address an IPv4 or IPv6 address as a resolver gives it; anything else is `forbidden`
 */
export function kindOfAddress(address: string): 'public' | 'private' | 'forbidden' {
  const version = isIP(address)
  // A zone id (fe80::1%eth0) belongs to link-local addresses only.
  if (version === 0 || address.includes('%')) return 'forbidden'
  const family = version === 4 ? 'ipv4' : 'ipv6'
  if (version === 6 && mapped.check(address, 'ipv6')) return 'forbidden'
  if (metadata.check(address, family) || special.check(address, family)) return 'forbidden'
  if (site.check(address, family)) return 'private'
  return version === 4 || unicast.check(address, family) ? 'public' : 'forbidden'
}

/** Whether a host name of a URL stands for this machine by definition (RFC 6761 section 6.3), whatever a resolver says. */
export function isLocalhostName(hostname: string): boolean {
  return /(?:^|\.)localhost\.?$/i.test(hostname)
}

/**
 * Why this address may not be an upstream's, or undefined when it may.
 *
 * @param allowPrivate whether addresses of this host and this site are allowed; it never allows forbidden ones
 */
export function addressRefusal(address: string, allowPrivate: boolean): string | undefined {
  const kind = kindOfAddress(address)
  if (kind === 'public' || (kind === 'private' && allowPrivate)) return undefined
  return kind === 'private'
    ? 'it is a private address, which needs `allowPrivate: true`'
    : 'it is a link-local, multicast, reserved or metadata address, which is never allowed'
}

/** Addresses of this host and this site. */
const siteRanges: readonly [string, number][] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // shared address space behind carrier-grade NAT, RFC 6598
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
]

/** Addresses that no upstream has. */
const specialRanges: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24], // 6to4 relay, withdrawn by RFC 7526
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Metadata services outside of the link-local range: Alibaba Cloud, Azure, AWS over IPv6. */
const metadataAddresses = ['100.100.100.200', '168.63.129.16']
const metadataAddresses6 = ['fd00:ec2::254']

/** Inside 2000::/3, the only unicast space handed out so far, yet not globally reachable. */
const specialRanges6: readonly [string, number][] = [
  ['2001::', 23], // IETF protocol assignments: Teredo, benchmarking, ORCHID
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4 hides an IPv4 address
  ['3fff::', 20], // documentation, RFC 9637
]

const site = listOf(siteRanges, [
  ['::1', 128],
  ['fc00::', 7],
])
const special = listOf(specialRanges, specialRanges6)
const metadata = listOf(
  metadataAddresses.map((address) => [address, 32]),
  metadataAddresses6.map((address) => [address, 128]),
)
/** IPv4-mapped. Apart, and for IPv6 only, since a BlockList takes these and plain IPv4 addresses for the same. */
const mapped = listOf([], [['::ffff:0:0', 96]])
/** 64:ff9b::/96 (RFC 6052) is how an IPv6-only network reaches public IPv4; the ranges above hold inside it too. */
const unicast = listOf(
  [],
  [
    ['2000::', 3],
    ['64:ff9b::', 96],
  ],
)

/** Each IPv4 range stands for itself and for its image under the NAT64 prefix. */
function listOf(ranges: readonly [string, number][], ranges6: readonly [string, number][]): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of ranges) {
    list.addSubnet(network, prefix, 'ipv4')
    list.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6')
  }
  for (const [network, prefix] of ranges6) list.addSubnet(network, prefix, 'ipv6')
  return list
}
