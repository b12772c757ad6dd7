// The listener for orchestrators and for Prometheus: health and metrics, and nothing else. It is never the one for
// traffic. Whoever can reach it may ask, so it says nothing of anybody, and takes nothing but its own four paths.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { isIP } from 'node:net'
import { equalConstantTime, sha256, tlsServerOptions } from '#crypto'
import { cannotListen } from './error.ts'
import { type Health, type HealthReport, healthText } from './health.ts'
import type { Collector } from './metrics/collect.ts'
import { contentType } from './metrics/exposition.ts'
import type { OperationsSettings } from './operations-settings.ts'

export interface OperationsListener {
  readonly url: string
  /** Takes over what does not need another socket: the certificate, the token, the names. */
  configure(settings: OperationsSettings): void
  close(): Promise<void>
}

/** @throws ServerError `address_in_use`, `address_refused` */
export async function openOperations(
  settings: OperationsSettings,
  health: Health,
  metrics: Pick<Collector, 'scrape'>,
): Promise<OperationsListener> {
  let current = settings
  const server = createDoor(settings, (request, response) => {
    answer(request, current, health, metrics).then(
      (found) => send(response, found, request.method === 'HEAD'),
      () => send(response, { status: 500, text: 'it could not be found out\n' }, false),
    )
  })
  server.maxConnections = 64
  const { host, port } = settings
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, `${host}:${port}`)))
    server.listen({ host, port }, resolve)
  })
  const address = server.address()
  const bound = typeof address === 'object' ? (address?.port ?? port) : port
  return {
    url: `${settings.tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    configure(next) {
      current = next
      if (server instanceof TlsServer && next.tls !== undefined) server.setSecureContext(tlsOf(next.tls))
    },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

function tlsOf({ certificate, key }: NonNullable<OperationsSettings['tls']>) {
  return tlsServerOptions({ certificatePem: certificate.reveal(), keyPem: key.reveal() })
}

function createDoor(
  { tls }: OperationsSettings,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const limits = {
    maxHeaderSize: 8192,
    headersTimeout: 5000,
    requestTimeout: 10_000,
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 1000,
    insecureHTTPParser: false,
    shouldUpgradeCallback: () => false,
  }
  return tls === undefined
    ? createServer(limits, handle)
    : createTlsServer({ ...limits, handshakeTimeout: 5000, ...tlsOf(tls) }, handle)
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

async function answer(
  { method, url = '', headers }: IncomingMessage,
  settings: OperationsSettings,
  health: Health,
  metrics: Pick<Collector, 'scrape'>,
): Promise<Answer> {
  if (!isOurName(headers.host, settings.hosts))
    return { status: 421, text: 'this name is not among operations.hosts\n' }
  const [path = '', query = ''] = url.split('?', 2)
  const isVerbose = new URLSearchParams(query).has('verbose')
  if (!paths.has(path)) return { status: 404, text: 'here are /livez, /readyz and /metrics\n' }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'only GET\n', headers: { allow: 'GET, HEAD' } }
  switch (path) {
    case '/livez':
      return healthAnswer(health.live(), isVerbose, 'not alive')
    case '/metrics':
      return isPermitted(headers.authorization, settings)
        ? { status: 200, text: await metrics.scrape(), headers: { 'content-type': contentType } }
        : { status: 401, text: 'a bearer token is needed\n', headers: { 'www-authenticate': 'Bearer' } }
    default:
      return healthAnswer(await health.ready(), isVerbose, 'not ready')
  }
}

const paths: ReadonlySet<string> = new Set(['/livez', '/readyz', '/healthz', '/metrics'])

function healthAnswer(report: HealthReport, isVerbose: boolean, no: string): Answer {
  const failed = report.checks.filter(({ state }) => state === 'failed').map(({ name }) => name)
  const short = report.ok ? 'ok\n' : `${no}: ${failed.join(', ')}\n`
  return { status: report.ok ? 200 : 503, text: isVerbose ? healthText(report, no) : short }
}

/**
 * A page in a browser can make a name of its own lead here (DNS rebinding); then the name in Host is the page's. An
 * address in its place cannot be.
 */
function isOurName(host: string | undefined, names: readonly string[]): boolean {
  const name = /^(\[[0-9a-f:.]+\]|[^:]+)(?::\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase()
  if (name === undefined) return false
  if (name === 'localhost' || isIP(name.replace(/^\[|\]$/g, '')) !== 0) return true
  return names.some((each) => each.toLowerCase() === name)
}

function isPermitted(authorization: string | undefined, { token }: OperationsSettings): boolean {
  if (token === undefined) return true
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? ''
  return equalConstantTime(sha256(given), sha256(token.reveal()))
}

function send(response: ServerResponse, { status, text, headers }: Answer, isHead: boolean): void {
  const body = Buffer.from(text)
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  response.end(isHead ? undefined : body)
}
