// The door: HTTP/1.1 over TLS, or in plain on loopback, with limits on everything that a client controls
// before a request is complete. What Node's parser refuses is answered and recorded here too.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import { openAiError } from '#wire'
import { createExchange, type Exchange, type Refusal } from './exchange.ts'
import type { House } from './house.ts'
import type { Houses } from './houses.ts'
import { walk } from './pipeline.ts'
import { newId, recordRejectedConnection } from './stages/record.ts'
import { recordUnrecorded } from './stages/unidentified.ts'

export interface ListenOptions {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** A socket that somebody else has bound to that address and keeps open: taken instead of binding one. */
  readonly fd?: number | undefined
  /** Required on any address that is not loopback; the configuration refuses it otherwise. */
  readonly tls?: (SecureContextOptions & TlsOptions) | undefined
  /** That may be open at once; others are closed unanswered. Default: no bound. */
  readonly maxConnections?: number | undefined
  /** Called when one was closed because of that. */
  readonly onTurnedAway?: () => void
}

export interface Listener {
  readonly url: string
  /** How much goes on at this moment. */
  state(): ListenerState
  /** Shows new connections another certificate. Those that are open keep theirs. @throws Error when it does not listen with TLS */
  renewCertificate(tls: SecureContextOptions): void
  /**
   * Stops accepting, lets running exchanges finish for `graceMs`, then ends them.
   *
   * @param lingerMs  how long connections that wait for their next request stay open. A client that sends one just when
   *   its connection is closed cannot know whether it was taken; so where others go on serving, each connection is
   *   asked to close with its next answer first. Default 0: they are closed at once
   */
  close(graceMs: number, lingerMs?: number): Promise<void>
}

/** Plain data. */
export interface ListenerState {
  readonly connections: number
  /** Requests that are being answered. */
  readonly exchanges: number
  /** Of those, the ones that asked for a stream. */
  readonly streams: number
}

/** Opens the gateway's listener; resolves when it accepts connections. */
export async function listen(houses: Houses, options: ListenOptions): Promise<Listener> {
  const running = new Set<Promise<void>>()
  const exchanges = new Set<Exchange>()
  /** No new connections; those that are there are asked to end with their next answer. */
  let isLeaving = false
  /** The newest exchange of each connection. */
  const newest = new WeakMap<Socket, Exchange>()
  const abandoned = new WeakSet<Socket>()
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const { house, leave } = houses.enter()
    const exchange = createExchange(newId(house), request, response)
    exchanges.add(exchange)
    if (isLeaving) response.setHeader('connection', 'close')
    newest.set(request.socket, exchange)
    const walked = walk(exchange, house).finally(() => {
      running.delete(walked)
      exchanges.delete(exchange)
      leave()
      // Node keeps a connection whose answer ends after the server was closed.
      if (!server.listening && !isLeaving) server.closeIdleConnections()
    })
    running.add(walked)
  }
  /** The bytes of a connection have stopped being HTTP: that is the end of its unfinished request, or of the connection. */
  const giveUp = (socket: Socket, refusal: Refusal) => {
    // What else comes on the connection is no news.
    if (abandoned.has(socket)) return
    abandoned.add(socket)
    const exchange = newest.get(socket)
    if (exchange === undefined || exchange.request.complete)
      return reject(houses.current, socket, refusal, exchange?.response)
    exchange.malformed = refusal
    exchange.onMalformed(refusal)
  }
  const server = createDoor(houses.current, options, handle)
  // All of them: Node's own list has none that is still shaking hands, or that was no HTTP.
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections
  server.on('drop', () => {
    options.onTurnedAway?.()
    makeRoom(server)
  })
  server.on('checkExpectation', handle)
  server.on('connect', (_request, socket: Socket) => giveUp(socket, connectRefused))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code !== 'ECONNRESET') giveUp(socket, explain(error))
  })
  await new Promise<void>((resolve, fail) => {
    server.once('error', fail)
    server.listen(options.fd === undefined ? { host: options.host, port: options.port } : { fd: options.fd }, () => {
      server.off('error', fail)
      resolve()
    })
  })
  const summing = setInterval(() => recordUnrecorded(houses.current), summingMs).unref()
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${authority(options, server.address())}`,
    state: () => ({
      connections: sockets.size,
      exchanges: exchanges.size,
      streams: [...exchanges].filter(({ asked }) => asked?.stream === true).length,
    }),
    renewCertificate(tls) {
      if (!(server instanceof TlsServer)) throw new Error('a listener without TLS has no certificate')
      server.setSecureContext(tls)
    },
    async close(graceMs, lingerMs = 0) {
      const closed = new Promise<void>((resolve) => server.once('close', resolve))
      const linger = setTimeout(() => {
        isLeaving = false
        server.closeIdleConnections()
      }, lingerMs)
      if (lingerMs === 0) server.close()
      else {
        isLeaving = true
        for (const { response } of exchanges) if (!response.headersSent) response.setHeader('connection', 'close')
        // The close of node:http would also close the connections that wait.
        NetServer.prototype.close.call(server)
      }
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, graceMs)
      await closed
      clearTimeout(linger)
      clearTimeout(timer)
      clearInterval(summing)
      await Promise.all(running)
      await recordUnrecorded(houses.current)
    },
  }
}

function createDoor(
  house: House,
  options: ListenOptions,
  handle: (q: IncomingMessage, s: ServerResponse) => void,
): Server {
  const { limits } = house.settings
  const settings = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headerTimeout,
    // Node takes no server that has less time for all of a request than for its head.
    requestTimeout: Math.max(limits.bodyTimeout, limits.headerTimeout),
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: 65_000,
    insecureHTTPParser: false,
    // The accept stage refuses a missing Host itself, so that the refusal is on record.
    requireHostHeader: false,
    // An Upgrade header must not take the request away from the pipeline.
    shouldUpgradeCallback: () => false,
  }
  const server =
    options.tls === undefined
      ? createServer(settings, handle)
      : (createTlsServer(
          { ...settings, handshakeTimeout: limits.headerTimeout, ...options.tls },
          handle,
        ) satisfies Server)
  // Node would drop the headers beyond 2,000 without a word; the accept stage counts them.
  server.maxHeadersCount = 0
  return server
}

const makingRoom = new WeakSet<Server>()

/** Closes what only waits for a next request, since somebody else has one; not more than once in a while. */
function makeRoom(server: Server): void {
  if (makingRoom.has(server)) return
  makingRoom.add(server)
  server.closeIdleConnections()
  setTimeout(() => makingRoom.delete(server), 1000).unref()
}

/** Answers a request that never became one, and puts it on record first. */
function reject(house: House, socket: Socket, refusal: Refusal, earlier: ServerResponse | undefined): void {
  const { status, code, message } = refusal
  const body = openAiError({ status, code, message })
  const head = `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`
  socket.on('error', () => socket.destroy())
  const recorded = recordRejectedConnection(house, { status, code, address: socket.remoteAddress })
  // The answer to an earlier request of the connection must not be cut in two.
  Promise.all([recorded, earlier && finished(earlier)]).then(
    () => {
      socket.end(Buffer.concat([Buffer.from(head, 'latin1'), body]))
      // A client that does not close its side would keep the connection for ever.
      const linger = setTimeout(() => socket.destroy(), lingerMs)
      socket.once('close', () => clearTimeout(linger))
    },
    () => socket.destroy(),
  )
}

/** How often what had no log entry of its own is summed up in one. */
const summingMs = 60_000
const lingerMs = 1000

function finished(response: ServerResponse): Promise<void> | undefined {
  return response.closed ? undefined : new Promise((resolve) => response.once('close', resolve))
}

const connectRefused = refusalOf(405, 'connect', 'CONNECT is not served.')

function explain(error: NodeJS.ErrnoException): Refusal {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return refusalOf(431, 'headers_too_large', 'The request headers are too large.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refusalOf(413, 'chunk_extensions', 'The chunk extensions are too large.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refusalOf(408, 'request_timeout', 'The request took too long to arrive.')
    case 'HPE_INVALID_EOF_STATE':
      return refusalOf(400, 'incomplete_request', 'The connection closed before the request was complete.')
    default:
      return refusalOf(400, 'malformed_http', 'The request is not well-formed HTTP/1.1.')
  }
}

function refusalOf(status: number, code: string, message: string): Refusal {
  return { status, code, message, rule: `accept: ${code}` }
}

/** The host as it was written; of a socket that was handed over, the one that it is bound to. */
function authority({ host: written, fd }: ListenOptions, address: AddressInfo | string | null): string {
  const bound = typeof address === 'object' && address !== null ? address : { address: written, port: 0 }
  const host = fd === undefined ? written : bound.address
  return `${host.includes(':') ? `[${host}]` : host}:${bound.port}`
}
