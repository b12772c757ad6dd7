// The server of the management API: Fastify over a listener of our own, which bounds what a client controls before a
// request is complete. Each operation goes through the same door and is put on record before it is carried out.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodType } from 'zod'
import type { OcsfEvent } from '#audit'
import type { Principal } from '#identity'
import { readJson } from './body.ts'
import { prefix } from './document.ts'
import { checkAddress, checkRate, checkRequest, identify } from './door.ts'
import { ApiError, apiErrors } from './error.ts'
import { allowedEvent, type LoggedCall, outcomeEvent, refusedEvent } from './on-record.ts'
import { describeApi, operations } from './operations.ts'
import { foreseen, problemMediaType, problemOf } from './problem.ts'
import type { ApiRooms } from './rooms.ts'
import type { Route } from './route.ts'

export interface ApiListenOptions {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** Required on any address that is not loopback; the configuration refuses it otherwise. */
  readonly tls?: (SecureContextOptions & TlsOptions) | undefined
  /** Of the program, for the document. */
  readonly version: string
  /** How the explanation of an exchange looks. */
  readonly explanation: ZodType
}

export interface ApiListener {
  readonly url: string
  /** Shows new connections another certificate. @throws Error when it does not listen with TLS */
  renewCertificate(tls: SecureContextOptions): void
  /** Stops accepting, lets running calls finish for `graceMs`, then ends them. */
  close(graceMs: number): Promise<void>
}

/** What is known of a request on its way. */
interface Visit {
  readonly id: string
  readonly startedAt: number
  readonly gone: AbortController
  principal: Principal | undefined
  call: LoggedCall | undefined
}

const maxConnections = 500
const headerTimeoutMs = 10_000

/** Resolves when it accepts connections. @throws what `listen` throws */
export async function listenApi(rooms: ApiRooms, options: ApiListenOptions): Promise<ApiListener> {
  const routes = operations(options.explanation)
  const document = describeApi(options.version, options.explanation)
  const state = { isLeaving: false }
  const app = await createApp(rooms, routes, document, options, state)
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await app.listen({ host: options.host, port: options.port })
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${authority(options.host, app.server.address())}`,
    renewCertificate(tls) {
      const { server } = app
      if (!(server instanceof TlsServer)) throw new Error('a listener without TLS has no certificate')
      server.setSecureContext(tls)
    },
    async close(graceMs) {
      state.isLeaving = true
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, graceMs)
      await app.close()
      clearTimeout(timer)
    },
  }
}

async function createApp(
  rooms: ApiRooms,
  routes: readonly Route[],
  document: object,
  options: ApiListenOptions,
  state: { readonly isLeaving: boolean },
): Promise<FastifyInstance> {
  // Loaded when it is needed: most commands of the program never are a server.
  const { fastify } = await import('fastify')
  const visits = new WeakMap<FastifyRequest, Visit>()
  const visitOf = (request: FastifyRequest): Visit => {
    const known = visits.get(request)
    if (known !== undefined) return known
    const visit = {
      id: rooms.id('api'),
      startedAt: rooms.now(),
      gone: new AbortController(),
      principal: undefined,
      call: undefined,
    }
    visits.set(request, visit)
    return visit
  }
  const refuse = (request: FastifyRequest, reply: FastifyReply, error: unknown) =>
    sendProblem(reply, toldOf(error, rooms), visitOf(request).id)

  const app: FastifyInstance = fastify({
    logger: false,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 256 },
    frameworkErrors: (_error, request, reply) => refuse(request, reply, malformedTarget),
    clientErrorHandler: (error, socket) => rejectConnection(error, socket as Socket, rooms.id('api')),
    serverFactory: (handler) => createDoor(handler, rooms, options),
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => readBody(request, payload))
  app.setErrorHandler((error, request, reply) => refuse(request, reply, error))
  app.setNotFoundHandler((request, reply) => refuse(request, reply, absent(request, routes)))

  app.addHook('onRequest', async (request, reply) => {
    const visit = visitOf(request)
    reply.headers({ ...securityHeaders(options), 'x-request-id': visit.id })
    reply.raw.once('close', () => visit.gone.abort())
    const route = routeOf(request)
    try {
      checkRequest(request.raw, ourNames(options, rooms))
      await checkAddress(request.ip, rooms)
    } catch (error) {
      await letFall(request, visit, error, rooms)
      throw error
    }
    const found = await identify(request.raw.rawHeaders, rooms)
    if ('error' in found) {
      visit.principal = found.claimant
      await letFall(request, visit, found.error, rooms, found.rule)
      throw found.error
    }
    visit.principal = found.principal
    reply.headers(await checkRate(found.principal, rooms))
    if (route === undefined) return
    await admit(request, visit, route, rooms)
  })
  // A connection that is open after its answer would keep the server from closing.
  app.addHook('onSend', async (_request, reply) => {
    if (state.isLeaving) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    const { call, startedAt } = visitOf(request)
    if (call?.isChange !== true) return
    const now = rooms.now()
    noteLater(rooms, outcomeEvent(call, reply.statusCode, now - startedAt, now))
  })

  for (const route of routes)
    app.route({
      method: route.method,
      url: prefix + route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      config: { operation: route },
      handler: async (request, reply) => {
        const { id, gone, principal } = visitOf(request)
        if (principal === undefined) throw new Error('an operation without a caller')
        const answer = await route.run({
          params: request.params,
          query: request.query,
          headers: request.headers,
          body: request.body,
          caller: { principal, request: id, signal: gone.signal },
          rooms,
        })
        reply.code(answer.status).headers(answer.headers ?? {})
        return typeof answer.body === 'string'
          ? reply.type('text/plain; charset=utf-8').send(answer.body)
          : reply.type('application/json; charset=utf-8').send(JSON.stringify(answer.body))
      },
    })
  const text = JSON.stringify(document)
  app.get(`${prefix}/openapi.json`, { config: { operation: documentRoute } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(text),
  )
  return app
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Pick<Route, 'operationId' | 'method' | 'path' | 'resource' | 'action' | 'takesBytes'>
  }
}

const documentRoute = {
  operationId: 'getDocument',
  method: 'GET',
  path: '/openapi.json',
  resource: 'document',
  action: 'read',
} as const

function routeOf(request: FastifyRequest) {
  return request.is404 ? undefined : request.routeOptions.config.operation
}

type Operation = NonNullable<ReturnType<typeof routeOf>>

/** Whether policy allows it; and on record, before it is done. @throws ApiError `forbidden`, `unavailable` */
async function admit(request: FastifyRequest, visit: Visit, route: Operation, rooms: ApiRooms): Promise<void> {
  const { principal } = visit
  if (principal === undefined) return
  const call = callOf(request, visit, route, rooms)
  const { isAllowed, rule } = rooms.authorise(principal, route.action, route.resource)
  if (!isAllowed) {
    const error = new ApiError(
      'forbidden',
      `No policy permits this caller the action ${route.action} on Holdfast::Api::"${route.resource}".`,
    )
    noteLater(rooms, refusedEvent(call, error, rule, rooms.now()))
    throw error
  }
  const event = allowedEvent(call, rule, rooms.now())
  if (call.isChange) await rooms.record(event)
  else noteLater(rooms, event)
  visit.call = call
}

function noteLater(rooms: ApiRooms, event: OcsfEvent): void {
  rooms.note(event).catch((error) => rooms.report('a call of the API could not be recorded', error))
}

/** Refused before anybody was identified: on record, unless there are too many of them. */
async function letFall(request: FastifyRequest, visit: Visit, error: unknown, rooms: ApiRooms, rule?: string) {
  if (!(error instanceof ApiError) || apiErrors[error.code].status >= 500) return
  const isOwn = await rooms.addresses.failed(request.ip, `api_${error.code}`)
  const call = callOf(request, visit, routeOf(request), rooms)
  if (isOwn) await rooms.record(refusedEvent(call, error, `api: ${rule ?? error.code}`, rooms.now()))
}

function callOf(request: FastifyRequest, visit: Visit, route: Operation | undefined, rooms: ApiRooms): LoggedCall {
  return {
    id: visit.id,
    operationId: route?.operationId,
    method: request.method,
    // The path of what is no operation may hold anything. Of one that is, the parameters are checked only later.
    path: route === undefined ? undefined : `${prefix}${pathOf(route.path, request.params)}`,
    isChange: route?.method === 'POST',
    principal: visit.principal,
    source: rooms.commitment(request.ip),
  }
}

function pathOf(template: string, params: unknown): string {
  const values = new Map(Object.entries(typeof params === 'object' && params !== null ? params : {}))
  return template.replaceAll(/\{(\w+)\}/g, (whole, name) => {
    const value = String(values.get(name) ?? '')
    return /^[\w.:-]{1,200}$/.test(value) ? value : whole
  })
}

async function readBody(request: FastifyRequest, payload: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? ''
  if (request.headers['content-encoding'] !== undefined)
    throw new ApiError('unsupported_media_type', 'Send the body uncompressed.')
  const route = routeOf(request)
  if (route?.takesBytes === true && /^application\/octet-stream$/i.test(type)) return payload
  if (/^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i.test(type)) return readJson(payload)
  const taken = route?.takesBytes === true ? 'application/json or application/octet-stream' : 'application/json'
  throw new ApiError('unsupported_media_type', `Send Content-Type: ${taken}.`)
}

function toldOf(error: unknown, rooms: ApiRooms): ApiError {
  const known = foreseen(error) ?? ofFastify(error)
  if (known === undefined) rooms.report('a call of the API failed', error)
  return known ?? new ApiError('internal', 'It failed, and the operator was told.')
}

/** What Fastify itself refuses. */
function ofFastify(error: unknown): ApiError | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new ApiError('too_large', 'The body is too large.')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new ApiError('unsupported_media_type', 'Send Content-Type: application/json.')
  if (code.startsWith('FST_ERR_CTP_')) return new ApiError('malformed_request', 'The body cannot be read.')
  return undefined
}

function sendProblem(reply: FastifyReply, error: ApiError, request: string): FastifyReply {
  const problem = problemOf(error, request)
  // What is left of the body is not read any more.
  const ends = reply.request.raw.complete ? {} : { connection: 'close' }
  return reply
    .code(problem.status)
    .headers({ ...error.headers, ...ends, 'x-request-id': request })
    .type(problemMediaType)
    .send(JSON.stringify(problem))
}

/** 405 where there is something at the path, for another method. */
function absent(request: FastifyRequest, routes: readonly Route[]): ApiError {
  const [path = ''] = request.url.split('?')
  const methods = [
    ...routes.filter((route) => matches(prefix + route.path, path)).map(({ method }) => method),
    ...(path === `${prefix}/openapi.json` ? ['GET'] : []),
  ]
  if (methods.length === 0 || methods.includes(request.method))
    return new ApiError('not_found', `There is nothing at this path. ${prefix}/openapi.json says what there is.`)
  const allow = methods.join(', ')
  return new ApiError('method_not_allowed', `Use ${allow} here.`, { headers: { allow } })
}

function matches(template: string, path: string): boolean {
  const [wanted, given] = [template.split('/'), path.split('/')]
  return (
    wanted.length === given.length &&
    wanted.every((part, at) => (part.startsWith('{') ? given[at] !== '' : part === given[at]))
  )
}

function securityHeaders({ tls }: ApiListenOptions): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(tls !== undefined && { 'strict-transport-security': 'max-age=63072000' }),
  }
}

function ourNames({ host }: ApiListenOptions, { settings }: ApiRooms): ReadonlySet<string> {
  return new Set([host.toLowerCase(), ...settings().hosts])
}

function createDoor(
  handler: (request: IncomingMessage, response: import('node:http').ServerResponse) => void,
  rooms: ApiRooms,
  { tls }: ApiListenOptions,
): Server {
  const settings = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: headerTimeoutMs,
    // An upload takes long; whoever sends one has shown a credential by then.
    requestTimeout: Math.max(headerTimeoutMs, rooms.settings().scans.uploadTimeout),
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: 65_000,
    insecureHTTPParser: false,
    requireHostHeader: false,
    shouldUpgradeCallback: () => false,
  }
  const server =
    tls === undefined
      ? createServer(settings, handler)
      : (createTlsServer({ ...settings, handshakeTimeout: headerTimeoutMs, ...tls }, handler) satisfies Server)
  server.maxHeadersCount = 0
  server.maxConnections = maxConnections
  server.on('connect', (_request, socket: Socket) => socket.destroy())
  return server
}

/** What never became a request. */
function rejectConnection(error: NodeJS.ErrnoException, socket: Socket, id: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const problem = problemOf(parserError(error), id)
  const body = JSON.stringify(problem)
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${problem.status} Refused\r\ncontent-type: ${problemMediaType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${id}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

function parserError({ code }: NodeJS.ErrnoException): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW') return new ApiError('headers_too_large', 'The request headers are too large.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ApiError('request_timeout', 'The request took too long to arrive.')
  return new ApiError('malformed_request', 'The request is not well-formed HTTP/1.1.')
}

const malformedTarget = new ApiError('malformed_request', 'The path or the query of the request is malformed.')

function authority(host: string, address: AddressInfo | string | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
