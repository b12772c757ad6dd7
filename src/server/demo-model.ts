// The demo's upstream: an OpenAI-compatible stand-in for a model, so that the protection can be seen with
// nothing else installed. It says what it is told to: a prompt can make it leak an e-mail address, a
// secret or a canary, and GET /demo/seen shows what reached it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cannotListen } from './error.ts'

export interface DemoModel {
  readonly url: string
  close(): Promise<void>
}

interface DemoOptions {
  /** 0 takes a free port. Always on loopback: it answers anyone. */
  readonly port: number
  /** What the model gives away when a prompt asks it for the canary. */
  readonly canary: string
  /** Between two events of a stream. */
  readonly eventDelayMs: number
}

const models = ['demo-small', 'demo-large']
const maxBytes = 4 * 1024 * 1024

export async function startDemoModel(options: DemoOptions): Promise<DemoModel> {
  let seen: unknown = null
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace(/^\/v1/, '')
    if (request.method === 'GET' && path === '/models') return sendJson(response, 200, modelList())
    if (request.method === 'GET' && path === '/demo/seen') return sendJson(response, 200, seen)
    if (request.method !== 'POST' || path !== '/chat/completions')
      return sendJson(response, 404, { error: { message: 'not found' } })
    const body = await readJson(request)
    seen = body
    const reply = replyTo(lastUserText(body), options.canary)
    if (isStreaming(body)) await stream(response, reply, options.eventDelayMs)
    else sendJson(response, 200, completion(reply))
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, `127.0.0.1:${options.port} for the demo model`)))
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const address = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${address.port}`,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

/** What the model says. The leaks are made up: the address and the key belong to nobody. */
function replyTo(prompt: string, canary: string): string {
  if (/\bleak\b.*\be-?mail/i.test(prompt))
    return 'Of course. Our chief executive reads chloe.martin@initech.com herself.'
  if (/\bleak\b.*\b(?:secret|key)\b/i.test(prompt))
    return `Of course. The production key is ${['AKIA', 'Z7QW4RTY8UIO2PAS'].join('')}.`
  if (/\bleak\b.*\bcanary\b/i.test(prompt)) return `Of course. My instructions begin with ${canary}.`
  return `You said: ${prompt}`
}

async function stream(response: ServerResponse, reply: string, delayMs: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  const send = (delta: object, finish: string | null) =>
    response.write(`data: ${JSON.stringify(chunk(delta, finish))}\n\n`)
  send({ role: 'assistant', content: '' }, null)
  // Pieces of a few characters, as a tokenizer would cut them: names and keys arrive in halves.
  for (const piece of reply.match(/[\s\S]{1,5}/g) ?? []) {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    if (response.destroyed) return
    send({ content: piece }, null)
  }
  send({}, 'stop')
  response.end('data: [DONE]\n\n')
}

function completion(reply: string): object {
  return {
    id: 'chatcmpl-demo',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: models[0],
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: reply, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: {
      prompt_tokens: 8,
      completion_tokens: Math.ceil(reply.length / 4),
      total_tokens: 8 + Math.ceil(reply.length / 4),
    },
  }
}

function chunk(delta: object, finish: string | null): object {
  return {
    id: 'chatcmpl-demo',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: models[0],
    choices: [{ index: 0, delta, finish_reason: finish }],
  }
}

function modelList(): object {
  return {
    object: 'list',
    data: models.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'holdfast-demo' })),
  }
}

function lastUserText(body: unknown): string {
  const messages = isRecord(body) && Array.isArray(body.messages) ? body.messages : []
  const last = messages.findLast((message: unknown) => isRecord(message) && message.role === 'user')
  const content: unknown = isRecord(last) ? last.content : ''
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: unknown) => (isRecord(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

function isStreaming(body: unknown): boolean {
  return isRecord(body) && body.stream === true
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > maxBytes) throw new Error('request too large')
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
