/**
 * Cedar's `ipaddr`: an IPv4 or IPv6 address or range (Cedar policy language, "ip"). Stricter than RFC 4291, as Cedar is:
 * no leading zeros in IPv4 and in prefixes, no IPv4 part inside IPv6, no zone.
 */
import { EvaluationFailure } from './errors.ts'
import type { IpRange } from './values.ts'

/** @throws EvaluationFailure when the text is neither an address nor address/prefix */
export function ip(text: string): IpRange {
  // 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128' is the longest.
  if (text.length > 43) throw notAnAddress()
  const slash = text.indexOf('/')
  const host = slash < 0 ? text : text.slice(0, slash)
  const version = host.includes(':') ? 6 : 4
  const bits = version === 6 ? 128 : 32
  const address = version === 6 ? parseIpv6(host) : parseIpv4(host)
  const prefix = slash < 0 ? bits : parsePrefix(text.slice(slash + 1), bits)
  const hostMask = (1n << BigInt(bits - prefix)) - 1n
  return { kind: 'ip', version, address, prefix, first: address & ~hostMask, last: address | hostMask }
}

/** Whether all of `inner` lies in `outer`; false when they differ in version. */
export function isInRange(inner: IpRange, outer: IpRange): boolean {
  return inner.version === outer.version && inner.first >= outer.first && inner.last <= outer.last
}

const LOOPBACK = { 4: ip('127.0.0.0/8'), 6: ip('::1') }
const MULTICAST = { 4: ip('224.0.0.0/4'), 6: ip('ff00::/8') }

export function isLoopback(range: IpRange): boolean {
  return isInRange(range, LOOPBACK[range.version])
}

export function isMulticast(range: IpRange): boolean {
  return isInRange(range, MULTICAST[range.version])
}

function parseIpv4(text: string): bigint {
  const octets = text.split('.')
  if (octets.length !== 4) throw notAnAddress()
  let address = 0n
  for (const octet of octets) {
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(octet) || Number(octet) > 255) throw notAnAddress()
    address = (address << 8n) | BigInt(octet)
  }
  return address
}

function parseIpv6(text: string): bigint {
  const halves = text.split('::')
  if (halves.length > 2) throw notAnAddress()
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - (tail?.length ?? 0)
  // '::' stands for at least one group of zeros.
  if (tail === undefined ? missing !== 0 : missing < 1) throw notAnAddress()
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])]
  let address = 0n
  for (const group of groups) {
    if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) throw notAnAddress()
    address = (address << 16n) | BigInt(`0x${group}`)
  }
  return address
}

function parsePrefix(text: string, bits: number): number {
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(text) || Number(text) > bits) throw notAnAddress()
  return Number(text)
}

function notAnAddress(): EvaluationFailure {
  return new EvaluationFailure('not an IP address or range')
}
