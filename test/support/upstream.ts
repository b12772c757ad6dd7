// A model server for tests that does exactly what the test says, and remembers what reached it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface TestUpstream {
  readonly url: string
  /** Every request, in order of arrival. */
  readonly received: Received[]
  /** What the next requests get. */
  answer: (request: Received, response: ServerResponse) => void | Promise<void>
  close(): Promise<void>
}

export async function startUpstream(answer: TestUpstream['answer'] = say('Hello.')): Promise<TestUpstream> {
  const received: Received[] = []
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString('utf8')
    const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
    received.push(seen)
    await upstream.answer(seen, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const upstream: TestUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    received,
    answer,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
  return upstream
}

/** Answers in the form that the request asks for: whole, or as a stream of the given pieces. */
export function say(...pieces: string[]): TestUpstream['answer'] {
  return (request, response) => {
    if (request.url.endsWith('/models'))
      return sendJson(response, { object: 'list', data: [{ id: 'test-model', object: 'model' }] })
    if (JSON.parse(request.body).stream === true) return sendEvents(response, streamOf(pieces))
    sendJson(response, completion(pieces.join('')))
  }
}

export function completion(content: string): object {
  return {
    id: 'chatcmpl-test',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'test-model',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
  }
}

/** The bytes of a streamed answer of one choice, event by event. */
export function streamOf(pieces: readonly string[]): string[] {
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({
      id: 'chatcmpl-test',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model: 'test-model',
      choices: [{ index: 0, delta, finish_reason: finish }],
    })}\n\n`
  return [
    chunk({ role: 'assistant', content: '' }, null),
    ...pieces.map((content) => chunk({ content }, null)),
    chunk({}, 'stop'),
    'data: [DONE]\n\n',
  ]
}

export function sendEvents(response: ServerResponse, events: readonly (string | Uint8Array)[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events) response.write(event)
  response.end()
}

export interface HeldStream {
  /** Whoever says this gets a stream that begins and does not end; all others what they got before. */
  readonly said: string
  /** Lets it end. */
  end(): void
}

export function heldStream(upstream: TestUpstream): HeldStream {
  const said = 'Take your time.'
  const usual = upstream.answer
  const may = Promise.withResolvers<void>()
  const [role = '', text = '', ...rest] = streamOf(['slowly'])
  upstream.answer = async (request, response) => {
    if (!request.body.includes(said)) return usual(request, response)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(role + text)
    await may.promise
    response.end(rest.join(''))
  }
  return { said, end: may.resolve }
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  const body = JSON.stringify(value)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
