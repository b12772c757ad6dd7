// A model server for tests that says bytes, well-formed or not, and remembers its connections.
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface RawUpstream {
  readonly url: string
  /** Bodies of the requests, in order of arrival. */
  readonly received: string[]
  /** Connections that are open. */
  readonly open: ReadonlySet<Socket>
  /** How many connections there ever were. */
  readonly connections: number
  /** Resets a connection once that many bytes of a request have arrived. */
  cutAfter: number | undefined
  /** What the next requests get. */
  answer: (socket: Socket, body: string) => void
  /** Resolves when no connection is open any more. */
  idle(): Promise<void>
  close(): Promise<void>
}

export async function startRawUpstream(): Promise<RawUpstream> {
  const received: string[] = []
  const open = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections++
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {})
    let bytes = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (upstream.cutAfter !== undefined && bytes.length >= upstream.cutAfter) {
        socket.resetAndDestroy()
        return
      }
      const headEnd = bytes.indexOf('\r\n\r\n')
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(bytes.toString('latin1', 0, headEnd + 2))?.[1] ?? 0)
      if (headEnd < 0 || bytes.length < headEnd + 4 + length) return
      const body = bytes.toString('utf8', headEnd + 4, headEnd + 4 + length)
      bytes = bytes.subarray(headEnd + 4 + length)
      received.push(body)
      upstream.answer(socket, body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const upstream: RawUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    received,
    open,
    get connections() {
      return connections
    },
    cutAfter: undefined,
    answer: (socket) => socket.end(),
    async idle() {
      for (const socket of open) await new Promise((resolve) => socket.once('close', resolve))
    },
    close() {
      for (const socket of open) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return upstream
}

/** An answer as bytes, with the length of its body unless the head says something else. */
export function answerOf(body: string | Uint8Array, { status = 200, lines = [] as readonly string[] } = {}): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const usual = ['content-type: application/json', `content-length: ${bytes.length}`]
  const named = new Set(lines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase()))
  const kept = usual.filter((line) => !named.has(line.slice(0, line.indexOf(':'))))
  return Buffer.concat([Buffer.from([`HTTP/1.1 ${status} X`, ...kept, ...lines, '', ''].join('\r\n')), bytes])
}

/** The head of a stream that ends with its connection, so that whatever follows is its body. */
export const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n'

/** The head of a stream in chunks, where an end that is not the last chunk shows. */
export const chunkedStreamHead =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'

export function chunkOf(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}
