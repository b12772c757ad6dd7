// An HTTP client that writes the bytes it is given, so that a test can send what no HTTP library would.
import { connect, type Socket } from 'node:net'

export interface RawResponse {
  readonly status: number
  /** Names in lower case; a repeated one keeps its last value. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** One connection: bytes in, responses out, in order. */
export class RawConnection {
  readonly socket: Socket
  /** Resolves when the connection is closed, whoever closed it. */
  readonly closed: Promise<void>
  #received = Buffer.alloc(0)
  #isClosed = false
  #changed = Promise.withResolvers<void>()

  constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** What has arrived and was not yet read as a response. */
  get received(): string {
    return this.#received.toString('utf8')
  }

  /** The next response; rejects when the connection closes before it is complete. */
  async read(): Promise<RawResponse> {
    for (;;) {
      const found = parseResponse(this.#received, this.#isClosed)
      if (found !== undefined) {
        this.#received = this.#received.subarray(found.length)
        if (found.response.status >= 200) return found.response
      } else if (this.#isClosed) {
        throw new Error(`the connection closed after ${JSON.stringify(this.received.slice(0, 200))}`)
      } else await this.#changed.promise
    }
  }

  /** Waits until `text` has arrived; rejects when the connection closes without it. */
  async until(text: string): Promise<void> {
    while (!this.#received.includes(text)) {
      if (this.#isClosed) throw new Error(`the connection closed without ${JSON.stringify(text)}: ${this.received}`)
      await this.#changed.promise
    }
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

export function connectRaw(port: number): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(new RawConnection(socket))
    })
  })
}

/** Sends bytes on a connection of their own and reads one response. */
export async function sendRaw(port: number, bytes: string | Uint8Array): Promise<RawResponse> {
  const connection = await connectRaw(port)
  try {
    connection.write(bytes)
    return await connection.read()
  } finally {
    connection.socket.destroy()
  }
}

export interface RequestParts {
  /** Request line without its line end. */
  readonly start?: string
  /** Instead of the usual ones, in lower case; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>
  /** More header lines, as they are. */
  readonly lines?: readonly string[]
  readonly body?: string | Uint8Array | object
}

/** The bytes of a chat request with everything that a good one has, except where `parts` says otherwise. */
export function chatRequest(key: string, parts: RequestParts = {}): Buffer {
  const body = bytesOf(parts.body ?? chat('Hi.'))
  const headers: Record<string, string | null> = {
    host: 'gateway.test',
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': String(body.length),
    ...parts.headers,
  }
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]))
  const start = parts.start ?? 'POST /v1/chat/completions HTTP/1.1'
  const head = [start, ...lines, ...(parts.lines ?? []), '', ''].join('\r\n')
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

export function chat(content: string, more: object = {}): object {
  return { model: 'test-model', messages: [{ role: 'user', content }], ...more }
}

/** The id under which an exchange is in the log, from however much of its answer has arrived. */
export function exchangeIdIn(received: string): string | undefined {
  return /^x-request-id: (ex_[0-9a-f]{32})\r$/im.exec(received)?.[1]
}

function bytesOf(body: string | Uint8Array | object): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body)
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function parseResponse(bytes: Buffer, isClosed: boolean): { response: RawResponse; length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [first = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1])
  if (Number.isNaN(status)) throw new Error(`not an HTTP/1.1 response: ${first.slice(0, 80)}`)
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const body = bodyOf(bytes.subarray(headEnd + 4), status, headers, isClosed)
  if (body === undefined) return undefined
  return { response: { status, headers, body: body.bytes.toString('utf8') }, length: headEnd + 4 + body.length }
}

function bodyOf(bytes: Buffer, status: number, headers: ReadonlyMap<string, string>, isClosed: boolean) {
  if (status < 200 || status === 204) return { bytes: Buffer.alloc(0), length: 0 }
  if (headers.get('transfer-encoding') === 'chunked') return unchunk(bytes)
  const length = headers.get('content-length')
  if (length === undefined) return isClosed ? { bytes, length: bytes.length } : undefined
  return bytes.length < Number(length)
    ? undefined
    : { bytes: bytes.subarray(0, Number(length)), length: Number(length) }
}

function unchunk(bytes: Buffer): { bytes: Buffer; length: number } | undefined {
  const pieces: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const start = lineEnd + 2
    if (bytes.length < start + size + 2) return undefined
    if (size === 0) return { bytes: Buffer.concat(pieces), length: start + 2 }
    pieces.push(bytes.subarray(start, start + size))
    at = start + size + 2
  }
}
