// The hosts to which policy lets protected values go inside a URL.

/** A pattern of the list: `host`, `*.host`, either with `:port`; ASCII (punycode for other scripts). */
export const HOST_PATTERN =
  /^(?:\*\.)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*(?::[0-9]{1,5})?$/i

/** @returns whether the authority of a URL with this scheme is listed */
export type HostList = (scheme: string, authority: string) => boolean

/**
 * Compiles the list. A pattern without a port means the scheme's own port, so that another service on a listed machine
 * is not listed by accident. `*.host` means what is below the host, not the host itself.
 *
 * @param patterns as HOST_PATTERN describes them; anything else matches nothing
 */
export function createHostList(patterns: readonly string[]): HostList {
  const exact = new Set<string>()
  const suffixes: { suffix: string; port: string }[] = []
  for (const pattern of patterns) {
    if (!HOST_PATTERN.test(pattern)) continue
    const [host = '', port = ''] = pattern.toLowerCase().split(':')
    if (host.startsWith('*.')) suffixes.push({ suffix: host.slice(1), port })
    else exact.add(`${host}:${port}`)
  }
  return (scheme, authority) => {
    const match = AUTHORITY.exec(authority)
    const own = scheme === 'https' ? '443' : scheme === 'http' ? '80' : undefined
    if (!match || own === undefined) return false
    const host = (match[1] ?? '').toLowerCase()
    const port = match[2] === undefined || match[2] === own ? '' : match[2]
    if (exact.has(`${host}:${port}`) || (port === '' && exact.has(`${host}:${own}`))) return true
    return suffixes.some(
      (entry) =>
        host.length > entry.suffix.length &&
        host.endsWith(entry.suffix) &&
        (entry.port === port || (port === '' && entry.port === own)),
    )
  }
}

// No userinfo, no brackets, no escapes, no trailing dot: whatever parsers could disagree about is not listed.
const AUTHORITY = /^((?:[a-z0-9-]+\.)*[a-z0-9-]+)(?::([0-9]{1,5}))?$/i
