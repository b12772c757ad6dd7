// Where an address leads, according to the WHATWG URL parser that browsers use, and whether policy lists it. The sink
// check's own notion of it: what restoring believes about addresses (hosts.ts, addresses.ts) is not asked.

export interface Destination {
  /** Undefined where the address names none (`mailto:`, `data:`), or none that can be read. */
  readonly host: string | undefined
  readonly isListed: boolean
}

/** @returns where the address leads; undefined when it stays on the page's own host */
export type Resolver = (address: string) => Destination | undefined

const PAGE = 'https://page.invalid/'

/** @param patterns `host`, `*.host`, either with `:port` */
export function createResolver(patterns: readonly string[]): Resolver {
  const rules = patterns.flatMap((pattern) => {
    const parts = /^(\*\.)?([^:*/?#@\s]+)(?::(\d+))?$/.exec(pattern.toLowerCase())
    return parts ? [{ isSuffix: parts[1] !== undefined, host: parts[2] ?? '', port: parts[3] }] : []
  })

  function isListed(url: URL): boolean {
    if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '')
      return false
    const own = url.protocol === 'https:' ? '443' : '80'
    return rules.some(
      ({ isSuffix, host, port }) =>
        (isSuffix ? url.hostname.endsWith(`.${host}`) : url.hostname === host) && (url.port || own) === (port ?? own),
    )
  }

  return (address) => {
    const url = URL.parse(address, PAGE)
    if (url === null) return { host: undefined, isListed: false }
    if (url.origin === PAGE.slice(0, -1)) return undefined
    return { host: url.hostname || undefined, isListed: isListed(url) }
  }
}
