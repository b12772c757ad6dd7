// Source addresses: whose they are counted as, and which one a request comes from when a trusted proxy is between.
import { BlockList, isIP } from 'node:net'

/**
 * Whom an address belongs to: an IPv4 address is one host, of an IPv6 address the first 64 bits are one network, in
 * which its owner has all addresses there are (RFC 4291, 2.5.4).
 */
export function networkOf(address: string): string {
  const plain = canonical(address)
  if (isIP(plain) !== 6) return plain
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const all =
    tail === undefined
      ? groups
      : [...groups, ...Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0'), ...rest]
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

/**
 * Finds the client of a request.
 *
 * @param trustedProxies  addresses and networks whose X-Forwarded-For is believed
 * @returns a function of the peer's address and the value of X-Forwarded-For: the last address in it that is no trusted
 *          proxy, for what stands before that anybody can write. The peer itself when it is not trusted, or when what it
 *          forwards is no list of addresses.
 */
export function clientFinder(
  trustedProxies: readonly string[],
): (peer: string, forwardedFor: string | undefined) => string {
  if (trustedProxies.length === 0) return canonical
  const trusted = new BlockList()
  for (const proxy of trustedProxies) {
    const [address = '', prefix] = proxy.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) trusted.addAddress(address, family)
    else trusted.addSubnet(address, Number(prefix), family)
  }
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return (peer, forwardedFor) => {
    let client = canonical(peer)
    const hops = forwardedFor?.split(',').reverse() ?? []
    for (const hop of hops) {
      const address = canonical(hop.trim())
      if (!isTrusted(client) || isIP(address) === 0) return client
      client = address
    }
    return client
  }
}

/** Without a zone, and IPv4 as IPv4 also where the socket speaks IPv6 (`::ffff:192.0.2.1`). */
function canonical(address: string): string {
  const plain = address.split('%', 1)[0] ?? ''
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)
  return mapped?.[1] ?? plain
}
