// Is this a plain HTTP/1.1 request for something we serve? Node's parser refuses what is
// malformed; this refuses what it lets through and what has been used against other gateways.
import { formats } from '#wire'
import type { Exchange, Refusal } from '../exchange.ts'
import type { House } from '../house.ts'
import { type Route, routeOf } from '../routes.ts'

/** RFC 3986 host and port, without userinfo; IPv6 in brackets. */
const host = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

/** A query is never used and never forwarded; only Azure clients send one (`api-version=…`). */
const query = /^[A-Za-z0-9=&._~%+-]{0,256}$/

/** Only these may be hop-by-hop; a client must not make the next hop drop one of our headers. */
const connectionOptions = new Set(['close', 'keep-alive', 'te'])

const onlyOnce = new Set(['host', 'content-length', 'content-type', 'transfer-encoding', 'content-encoding', 'expect'])

const maxHeaders = 128

const session = /^[A-Za-z0-9._-]{1,128}$/

export function accept(exchange: Exchange, _house: House): Refusal | undefined {
  const { request } = exchange
  const route = routeOf(request.url ?? '')
  // First of all: it says in which format a refusal is told.
  if (route !== undefined) take(exchange, route)
  if (request.httpVersion !== '1.1')
    return { ...refusal(426, 'http_version', 'Only HTTP/1.1 is served here.'), headers: { upgrade: 'HTTP/1.1' } }
  if (request.rawHeaders.length > 2 * maxHeaders)
    return refusal(431, 'too_many_headers', `More than ${maxHeaders} headers were sent.`)
  return checkHeaders(exchange) ?? checkTarget(exchange, route) ?? checkBody(exchange)
}

function checkHeaders(exchange: Exchange): Refusal | undefined {
  const { rawHeaders } = exchange.request
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    const value = rawHeaders[index + 1] ?? ''
    if (onlyOnce.has(name) && seen.has(name)) return badRequest('duplicate_header', `The header ${name} came twice.`)
    seen.add(name)
    if (name.includes('_'))
      return badRequest('header_name', 'Header names with an underscore are refused: they can shadow another header.')
    if (!isPlain(value)) return badRequest('header_value', 'A header holds bytes outside printable ASCII.')
    if (name === 'host' && !host.test(value)) return badRequest('host', 'The Host header is not a host name.')
    if (name === 'connection' && !isKnownConnection(value))
      return badRequest('connection', 'The Connection header may name only close, keep-alive and TE.')
    if (name === 'expect' && value.toLowerCase() !== '100-continue')
      return refusal(417, 'expect', 'Only Expect: 100-continue is understood.')
    if (name === 'upgrade') return badRequest('upgrade', 'This server upgrades to no other protocol.')
    if (name === 'trailer') return badRequest('trailer', 'Trailers are refused.')
    if (name.startsWith('x-holdfast-') || (name.startsWith('holdfast-') && name !== 'holdfast-session'))
      return badRequest('header_name', 'Of the Holdfast headers, a client may set only Holdfast-Session.')
    if (name === 'holdfast-session') {
      if (!session.test(value) || exchange.session !== undefined)
        return badRequest(
          'session',
          'Holdfast-Session takes 1 to 128 letters, digits, dots, dashes or underscores, once.',
        )
      exchange.session = value
    }
  }
  return seen.has('host') ? undefined : badRequest('host', 'The Host header is missing.')
}

function take(exchange: Exchange, { operation }: Route): void {
  exchange.operation = operation
  exchange.format = formats.get(operation)
}

function checkTarget(exchange: Exchange, route: Route | undefined): Refusal | undefined {
  const target = exchange.request.url ?? ''
  const mark = target.indexOf('?')
  if (route === undefined)
    return refusal(404, 'not_found', 'There is nothing at this path. Try POST /v1/chat/completions or GET /v1/models.')
  if (mark >= 0 && !query.test(target.slice(mark + 1))) return badRequest('query', 'The query string is not plain.')
  if (exchange.request.method !== route.method)
    return { ...refusal(405, 'method', `Use ${route.method} here.`), headers: { allow: route.method } }
  if (exchange.format === undefined) exchange.scan = 'not_applicable'
  return undefined
}

function checkBody(exchange: Exchange): Refusal | undefined {
  const { headers } = exchange.request
  const coding = headers['transfer-encoding']
  const hasBody = coding !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0')
  if (exchange.format === undefined)
    return hasBody ? badRequest('unexpected_body', 'A GET request carries no body here.') : undefined
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return badRequest('transfer_encoding', 'Only the chunked transfer encoding is understood.')
  if (headers['content-encoding'] !== undefined)
    return refusal(
      415,
      'content_encoding',
      'Send the body uncompressed: a compressed one is not inspected, so it is refused.',
    )
  if (!/^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i.test(headers['content-type'] ?? ''))
    return refusal(415, 'content_type', 'Send Content-Type: application/json.')
  return undefined
}

function isKnownConnection(value: string): boolean {
  return value.split(',').every((option) => connectionOptions.has(option.trim().toLowerCase()))
}

/** Printable ASCII and tab (RFC 9110, 5.5, without obs-text). */
function isPlain(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if ((code < 0x20 && code !== 0x09) || code > 0x7e) return false
  }
  return true
}

function badRequest(code: string, message: string): Refusal {
  return refusal(400, code, message)
}

function refusal(status: number, code: string, message: string): Refusal {
  return { status, code, message, rule: `accept: ${code}` }
}
