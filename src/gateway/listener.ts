// The door: HTTP/1.1 over TLS, or in plain on loopback, with limits on everything that a client controls
// before a request is complete. What Node's parser refuses is answered and recorded here too.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import { openAiError } from '#wire'
import type { House } from './house.ts'
import { createExchange, walk } from './pipeline.ts'
import { newId, recordRejectedConnection } from './stages/record.ts'

export interface ListenOptions {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** Required on any address that is not loopback; the configuration refuses it otherwise. */
  readonly tls?: (SecureContextOptions & TlsOptions) | undefined
}

export interface Listener {
  readonly url: string
  /** Stops accepting, lets running exchanges finish for `graceMs`, then ends them. */
  close(graceMs: number): Promise<void>
}

/** Opens the gateway's listener; resolves when it accepts connections. */
export async function listen(house: House, options: ListenOptions): Promise<Listener> {
  const running = new Set<Promise<void>>()
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const walked = walk(createExchange(newId(house), request, response, house.now()), house).finally(() =>
      running.delete(walked),
    )
    running.add(walked)
  }
  const server = open(house, options, handle)
  server.on('checkExpectation', handle)
  server.on('connect', (_request, socket: Socket) => reject(house, socket, 405, 'connect', 'CONNECT is not served.'))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const { status, code, message } = explain(error)
    if (error.code !== 'ECONNRESET') reject(house, socket, status, code, message)
  })
  await new Promise<void>((resolve, fail) => {
    server.once('error', fail)
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', fail)
      resolve()
    })
  })
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${authority(options.host, server.address())}`,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearTimeout(timer)
      await Promise.all(running)
    },
  }
}

function open(house: House, options: ListenOptions, handle: (q: IncomingMessage, s: ServerResponse) => void): Server {
  const { limits } = house.settings
  const settings = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headerTimeout,
    requestTimeout: limits.bodyTimeout,
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: 65_000,
    insecureHTTPParser: false,
    // The accept stage refuses a missing Host itself, so that the refusal is on record.
    requireHostHeader: false,
    // An Upgrade header must not take the request away from the pipeline.
    shouldUpgradeCallback: () => false,
  }
  return options.tls === undefined
    ? createServer(settings, handle)
    : (createTlsServer({ ...settings, ...options.tls }, handle) satisfies Server)
}

/** Answers a request that never became one, and puts it on record first. */
function reject(house: House, socket: Socket, status: number, code: string, message: string): void {
  if (!socket.writable) return
  const body = openAiError({ status, code, message })
  const head = `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`
  socket.on('error', () => socket.destroy())
  recordRejectedConnection(house, { status, code, address: socket.remoteAddress }).then(
    () => socket.end(Buffer.concat([Buffer.from(head, 'latin1'), body])),
    () => socket.destroy(),
  )
}

function explain(error: NodeJS.ErrnoException): { status: number; code: string; message: string } {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, code: 'headers_too_large', message: 'The request headers are too large.' }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { status: 413, code: 'chunk_extensions', message: 'The chunk extensions are too large.' }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, code: 'request_timeout', message: 'The request took too long to arrive.' }
    default:
      return { status: 400, code: 'malformed_http', message: 'The request is not well-formed HTTP/1.1.' }
  }
}

function authority(host: string, address: AddressInfo | string | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
