// For the tests of this folder: servers that say exactly what a test makes them say, and calls that collect everything.
import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import type { UpstreamError } from './error.ts'
import { upstreamSchema } from './schema.ts'
import type { Upstream, UpstreamAnswer, UpstreamCall, UpstreamHead, UpstreamRequest } from './types.ts'
import { createUpstream, type UpstreamWorld } from './upstream.ts'

/** What a server says that behaves. */
export const ok = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}'

/** A world in which every name stands for this machine. */
export const world: UpstreamWorld = {
  resolve: async () => ['127.0.0.1'],
  monotonic: () => 0,
}

/** An upstream at that server, closed when the test is over. */
export function upstreamTo(
  t: TestContext,
  server: { port: number },
  over: object = {},
  otherWorld: Partial<UpstreamWorld> = {},
): Upstream {
  const settings = upstreamSchema.parse({
    name: 'test',
    url: `http://api.test:${server.port}/v1`,
    key: 'sk-upstream',
    allowPrivate: true,
    allowHttp: true,
    ...over,
  })
  const upstream = createUpstream(settings, { ...world, ...otherWorld })
  t.after(() => upstream.destroy())
  return upstream
}

export function request(over: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    operation: 'chat/completions',
    method: 'POST',
    body: Buffer.from('{}'),
    signal: new AbortController().signal,
    ...over,
  }
}

/** Fails a test for whatever it does not expect. */
export const strict: UpstreamAnswer = {
  onHead: () => assert.fail('no head was expected'),
  onData: () => assert.fail('no data was expected'),
  onEnd: () => assert.fail('no end was expected'),
  onError: (error) => assert.fail(error),
}

interface Result {
  readonly call: UpstreamCall
  readonly head: UpstreamHead | undefined
  readonly text: string
  readonly error: UpstreamError | undefined
  readonly order: string[]
}

interface Run extends Partial<Omit<UpstreamRequest, 'body'>> {
  readonly body?: Uint8Array
  readonly onData?: () => unknown
}

/** Makes a call and collects all of what it tells, which must be in order. */
export function run(upstream: Upstream, { onData, ...over }: Run = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const order: string[] = []
    let head: UpstreamHead | undefined
    let text = ''
    const finish = (error?: UpstreamError) => {
      if (order.filter((step) => step === 'end' || step === 'error').length > 1)
        reject(new Error(`ended twice: ${order}`))
      resolve({ call, head, text, error, order })
    }
    const { body, ...rest } = request(over)
    const call = upstream.send(rest.method === 'GET' ? rest : { ...rest, body: body ?? Buffer.from('{}') }, {
      onHead(received) {
        order.push('head')
        head = received
      },
      onData(chunk) {
        order.push('data')
        text += chunk
        onData?.()
        return true
      },
      onEnd() {
        order.push('end')
        finish()
      },
      onError(error) {
        order.push('error')
        finish(error)
      },
    })
  })
}

interface Server {
  readonly port: number
  readonly sockets: Socket[]
  /** Each request as text, once it has arrived in one piece. */
  readonly requests: string[]
  readonly serverNames: unknown[]
  /** Resolves when the request of that index has arrived. */
  request(index: number): Promise<void>
  /** Resolves when the connection of that index is closed. */
  closed(index: number): Promise<void>
  close(): Promise<void>
}

/** A server that says exactly what a test makes it say, once for each request. */
export async function serve(
  t: TestContext,
  respond: (socket: Socket, index: number) => void,
  tls?: { key: string; cert: string },
): Promise<Server> {
  const sockets: Socket[] = []
  const requests: string[] = []
  const serverNames: unknown[] = []
  let arrived = Promise.withResolvers<void>()
  const accept = (socket: Socket) => {
    sockets.push(socket)
    if ('servername' in socket) serverNames.push(socket.servername)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      requests.push(data.toString())
      arrived.resolve()
      arrived = Promise.withResolvers<void>()
      respond(socket, requests.length - 1)
    })
  }
  const server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept)
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy()
      server.close(() => resolve())
    })
  t.after(close)
  const { port } = server.address() as AddressInfo
  return {
    port,
    sockets,
    requests,
    serverNames,
    close,
    async request(index) {
      while (requests.length <= index) await arrived.promise
    },
    async closed(index) {
      const socket = sockets[index]
      assert.ok(socket)
      if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve))
    },
  }
}
